package lint

import (
	"encoding/asn1"
	"errors"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	oidDirectoryAttributes = asn1.ObjectIdentifier{2, 5, 29, 9}
	oidBirthDate           = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 9, 1}
)

func birthDate() Rule {
	return Rule{"birth_date", "RFC 3739 §3.2.2; cmd-signature.md §5.2", func(c Candidate) error {
		found, critical, value := extension(c.Cert, oidDirectoryAttributes)
		if c.Kind != Person {
			if found {
				return errors.New("an authority with a birthday")
			}
			return nil
		}
		var all, one, set cryptobyte.String
		var id asn1.ObjectIdentifier
		var at time.Time
		in := cryptobyte.String(value)
		switch {
		case !found || critical:
			return errors.New("missing or critical")
		case !in.ReadASN1(&all, casn1.SEQUENCE) || !in.Empty() || !all.ReadASN1(&one, casn1.SEQUENCE) || !all.Empty(),
			!one.ReadASN1ObjectIdentifier(&id) || !one.ReadASN1(&set, casn1.SET) || !one.Empty() || !id.Equal(oidBirthDate),
			!set.ReadASN1GeneralizedTime(&at) || !set.Empty():
			return errors.New("not one date of birth")
		case at.Hour() != 12 || at.Minute() != 0 || at.Second() != 0 || at.Location() != time.UTC:
			return errors.New("not noon, UTC") // so that no time zone moves it to another day
		case !at.Before(c.Cert.NotBefore):
			return errors.New("not born yet")
		}
		return nil
	}}
}
