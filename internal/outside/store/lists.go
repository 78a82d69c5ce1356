package store

import (
	"encoding/json"
	"strconv"
	"strings"
)

// places writes n placeholders from $first on.
func places(first, n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = "$" + strconv.Itoa(first+i)
	}
	return strings.Join(all, ", ")
}

// padded repeats the last value until the length is a power of two, so that lists of any length make a handful of
// statements to prepare instead of hundreds.
func padded(values []any) []any {
	for n := len(values); n > 0 && n&(n-1) != 0; n = len(values) {
		values = append(values, values[n-1])
	}
	return values
}

// list writes names as a JSON text column; nil and empty are the same.
func list[T ~string](names []T) (string, error) {
	if len(names) == 0 {
		return "[]", nil
	}
	text, err := json.Marshal(names)
	return string(text), err
}

// unlist undoes list.
func unlist[T ~string](text string) (names []T, err error) {
	if text == "[]" {
		return nil, nil
	}
	err = json.Unmarshal([]byte(text), &names)
	return names, err
}

// present keeps an empty value from becoming NULL in a column that must not be.
func present(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
