package text

import (
	"golang.org/x/text/language"
)

// Lang is a language the pages speak: its code is what the `chave_lang` cookie and `ui_locales` carry.
type Lang string

// The languages, each complete. Portuguese is the one spoken in Portugal.
const (
	Portuguese Lang = "pt"
	English    Lang = "en"
)

// Langs lists the languages in the order the language switch shows them. The first is the default.
func Langs() []Lang { return []Lang{Portuguese, English} }

// Known reports whether pages exist in the language.
func (l Lang) Known() bool { return l == Portuguese || l == English }

// Tag is the BCP 47 tag for the lang attribute, so that a screen reader picks the right voice.
func (l Lang) Tag() string {
	if l == Portuguese {
		return "pt-PT"
	}
	return string(l)
}

// Name is what speakers call the language; it is the same on every page, so that one's own can be found.
func (l Lang) Name() string {
	if l == Portuguese {
		return "Português"
	}
	return "English"
}

// Match picks the best language for an Accept-Language header (RFC 9110 §12.5.4) or an OpenID Connect
// `ui_locales` list. Someone who reads neither language gets English when they named languages at all: they are
// more likely a foreigner than not. Nobody's wishes mean Portuguese.
func Match(acceptLanguage string) Lang {
	wanted, _, err := language.ParseAcceptLanguage(acceptLanguage)
	if err != nil || len(wanted) == 0 {
		return Portuguese
	}
	for _, tag := range wanted {
		base, _ := tag.Base()
		if l := Lang(base.String()); l.Known() {
			return l
		}
	}
	return English
}
