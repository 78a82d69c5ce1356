package consent

import (
	"strconv"
	"strings"
	"time"

	"chave/internal/core/citizen"
)

func plain(f func(citizen.Person) string) func(Subject) Value {
	return func(s Subject) Value { return Value{Text: f(s.Person)} }
}

// phoneOf is CMD's form, prefix and number with one space between.
func phoneOf(p citizen.Person) string {
	if p.Phone == "" {
		return ""
	}
	return p.Phone.String()
}

// contacts is what a person can be reached by, each part on its own too.
func contacts(s Subject) Value {
	parts, all := map[string]string{}, []string{}
	for _, one := range []struct{ name, text string }{{"phone", phoneOf(s.Person)}, {"email", string(s.Person.Email)}} {
		if one.text != "" {
			parts[one.name] = one.text
			all = append(all, one.text)
		}
	}
	return Value{Text: strings.Join(all, ", "), Parts: parts}
}

// nationality carries the country that issued the founding document beside it.
func nationality(s Subject) Value {
	parts := map[string]string{"issued_by": string(s.Person.Document().Country)}
	return Value{Text: string(s.Person.Nationality), Parts: parts}
}

// fullName carries its two parts: who may know the whole may know the halves, and standard clients ask for them together.
func fullName(s Subject) Value {
	parts := map[string]string{"given_names": s.Person.GivenNames, "surnames": s.Person.Surnames}
	return Value{Text: s.Person.FullName(), Parts: parts}
}

// documentValue is empty for holders of a national card, whose number is the NIC (R1.09, R5.15).
func documentValue(s Subject) Value {
	d := s.Person.Document()
	if d.Type.National() || d.Number == "" {
		return Value{}
	}
	parts := map[string]string{"type": string(d.Type), "country": string(d.Country), "number": d.Number}
	return Value{Text: strings.Join([]string{string(d.Country), d.Number}, " "), Parts: parts}
}

// keyExpires is the last day on which the key works (R1.29).
func keyExpires(s Subject) Value {
	if s.KeyEnds.IsZero() {
		return Value{}
	}
	return Value{Text: citizen.DateOf(s.KeyEnds.Add(-time.Second), s.Zone).String()}
}

func canSign(s Subject) Value { return Value{Text: strconv.FormatBool(s.Signs)} }
