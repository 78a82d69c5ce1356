package store

import "chave/internal/core/retention"

func Forgetting(class retention.Class) []string { return forgetting(class) }
