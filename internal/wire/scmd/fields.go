package scmd

import (
	"context"
	"regexp"
	"strings"

	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
)

// maxField bounds an encrypted field before it is decoded (§1.7).
const maxField = 4 << 10

// person reads a user: whom it names, or nobody. A block that does not decrypt, one that holds no phone number, and a number that nobody has are the same from here on: the
// caller goes on with nobody, which costs what somebody costs.
func (p *Provider) person(ctx context.Context, c *call, keys decrypters, text string) (citizen.ID, error) {
	number := field(c, keys, text, phone)
	if number == "" {
		number = noPhone
	}
	who, err := p.Signing.FindByPhone(ctx, number)
	if number == noPhone {
		who = ""
	}
	return who, err
}

// noPhone has the form of a number and is nobody's: the prefix is not given out. It keeps the look-up in the path of whoever named nobody.
const noPhone = "+999000000000"

// pin reads a signature PIN. What is none becomes the empty one, which is nobody's: it takes the same way through the counter and the hash as a wrong PIN, so that nothing
// tells a block that does not decrypt from one that holds the wrong digits (§1.7).
func pin(c *call, keys decrypters, text string) credential.PIN {
	return field(c, keys, text, func(plain string) (credential.PIN, bool) {
		one, err := credential.ParsePIN(plain)
		return one, err == nil
	})
}

// code reads a one-time code, likewise.
func code(c *call, keys decrypters, text string) credential.Code {
	return field(c, keys, text, func(plain string) (credential.Code, bool) {
		one, err := credential.ParseCode(plain)
		return one, err == nil
	})
}

// decrypters are the active keys' functions; none on a door whose fields are clear.
type decrypters []func([]byte) ([]byte, bool)

// keys fetches the active keys, once a call.
func (p *Provider) keys(ctx context.Context, c *call) (decrypters, error) {
	if c.door.clear {
		return nil, nil
	}
	all, err := p.Fields.Decrypters(ctx)
	if err == nil && len(all) == 0 {
		err = fault.New(fault.KeystoreUnavailable)
	}
	if err != nil && !fault.IsKind(err, fault.Unavailable) {
		err = fault.New(fault.KeystoreUnavailable).Because(err)
	}
	return all, err
}

// field reads one field as its door has it, and gives the zero value for whatever is not what parse takes. Every key is tried on every block, also after one fitted and
// also for what is no block at all, so that the time tells nothing.
func field[T any](c *call, keys decrypters, text string, parse func(string) (T, bool)) T {
	var chosen, none T
	if c.door.clear {
		if len(text) > maxField {
			return none
		}
		if one, ok := parse(strings.TrimSpace(text)); ok {
			return one
		}
		return none
	}
	block, found := block(text), false
	for _, decrypt := range keys {
		plain, ok := decrypt(block)
		one, fits := parse(string(plain))
		clear(plain)
		if ok && fits && !found {
			chosen, found = one, true
		}
	}
	return chosen
}

// block decodes a field, or gives a block that nobody encrypted.
func block(text string) []byte {
	if len(text) <= maxField {
		if b, ok := decode64(text); ok && len(b) > 0 {
			return b
		}
	}
	nobody := make([]byte, 256)
	nobody[255] = 2
	return nobody
}

var phoneForm = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// phone reads a number as clients send it: with the country's prefix, with or without the space after it, a leading 00 for the plus sign (§1.9). It gives E.164.
func phone(text string) (string, bool) {
	if len(text) > 40 {
		return "", false
	}
	number := strings.NewReplacer(" ", "", "-", "", "\u00a0", "", ".", "", "(", "", ")", "").Replace(strings.TrimSpace(text))
	if rest, ok := strings.CutPrefix(number, "00"); ok {
		number = "+" + rest
	}
	return number, phoneForm.MatchString(number)
}
