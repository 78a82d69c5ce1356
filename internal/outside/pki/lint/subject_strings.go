package lint

import (
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"

	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// longest are RFC 5280's upper bounds, in characters. Names of people have none that matters.
var longest = map[string]int{"C": 2, "O": 64, "OU": 64, "serialNumber": 64, "CN": 64, "SN": 32768, "GN": 32768}

func subjectStrings() Rule {
	return Rule{"subject_strings", "RFC 5280 §4.1.2.4 and appendix A", func(c Candidate) error {
		all, err := attributes(c.Cert.RawSubject)
		if err != nil {
			return err
		}
		for _, a := range all {
			if err := goodString(a); err != nil {
				return fmt.Errorf("%s: %w", short[a.id], err)
			}
		}
		return nil
	}}
}

func goodString(a attribute) error {
	name := short[a.id]
	want := casn1.UTF8String
	if name == "C" || name == "serialNumber" {
		want = casn1.PrintableString
	}
	text := string(a.raw)
	switch n := utf8.RuneCountInString(text); {
	case a.tag != want:
		return fmt.Errorf("string type %d, not %d", a.tag, want)
	case !utf8.ValidString(text):
		return errors.New("not UTF-8")
	case n == 0:
		return errors.New("empty")
	case n > longest[name]:
		return fmt.Errorf("%d characters, more than %d", n, longest[name])
	}
	for _, r := range text {
		if !unicode.IsPrint(r) {
			return fmt.Errorf("character %U", r)
		}
	}
	if text[0] == ' ' || text[len(text)-1] == ' ' {
		return errors.New("a space at an end")
	}
	return nil
}
