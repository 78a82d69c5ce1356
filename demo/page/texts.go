package page

import (
	"bytes"
	"fmt"
	"sort"

	"go.yaml.in/yaml/v3"
)

// Texts holds every sentence of one server by key and language.
type Texts map[string]map[string]string

// LoadTexts reads "key: {pt: …, en: …}" strictly: a key that lacks a language is an error, so that
// nobody meets an empty sentence.
func LoadTexts(data []byte) (Texts, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	var file map[string]struct {
		PT string `yaml:"pt"`
		EN string `yaml:"en"`
	}
	if err := dec.Decode(&file); err != nil {
		return nil, fmt.Errorf("read texts: %w", err)
	}
	texts, incomplete := make(Texts, len(file)), []string(nil)
	for key, words := range file {
		if words.PT == "" || words.EN == "" {
			incomplete = append(incomplete, key)
		}
		texts[key] = map[string]string{"pt": words.PT, "en": words.EN}
	}
	if len(incomplete) > 0 {
		sort.Strings(incomplete)
		return nil, fmt.Errorf("texts that lack a language: %v", incomplete)
	}
	return texts, nil
}

// Say gives the sentence, with args put in as by fmt. An unknown key is an error, which stops the
// template that asked: a page with a key instead of a sentence must not reach anybody.
func (t Texts) Say(lang, key string, args ...any) (string, error) {
	words, ok := t[key]
	if !ok {
		return "", fmt.Errorf("no text %q", key)
	}
	if len(args) == 0 {
		return words[lang], nil
	}
	return fmt.Sprintf(words[lang], args...), nil
}

// Has reports whether there is a sentence for key.
func (t Texts) Has(key string) bool {
	_, ok := t[key]
	return ok
}
