package lint

import (
	"encoding/asn1"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// attribute is one part of a name as it is written.
type attribute struct {
	id  string
	tag casn1.Tag
	raw []byte
}

// attributes reads a name. Each of its sets holds one attribute: what holds two is read differently by different programs.
func attributes(name []byte) ([]attribute, error) {
	in := cryptobyte.String(name)
	var sequence cryptobyte.String
	if !in.ReadASN1(&sequence, casn1.SEQUENCE) || !in.Empty() {
		return nil, fmt.Errorf("not a name")
	}
	var all []attribute
	for !sequence.Empty() {
		var set, pair, value cryptobyte.String
		var id asn1.ObjectIdentifier
		var tag casn1.Tag
		if !sequence.ReadASN1(&set, casn1.SET) || !set.ReadASN1(&pair, casn1.SEQUENCE) || !set.Empty() ||
			!pair.ReadASN1ObjectIdentifier(&id) || !pair.ReadAnyASN1(&value, &tag) || !pair.Empty() {
			return nil, fmt.Errorf("a set that is not one attribute")
		}
		all = append(all, attribute{id.String(), tag, value})
	}
	return all, nil
}

// short are the attributes that names of ours are made of.
var short = map[string]string{
	"2.5.4.6": "C", "2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.4": "SN", "2.5.4.42": "GN", "2.5.4.5": "serialNumber", "2.5.4.3": "CN",
}

// subjectOrder holds the order that clients and people know from CMD (cmd-signature.md §5.2).
func subjectOrder() Rule {
	return Rule{"subject_order", "cmd-signature.md §5.2, §5.3", func(c Candidate) error {
		all, err := attributes(c.Cert.RawSubject)
		if err != nil {
			return err
		}
		got := ""
		for i, a := range all {
			name, ok := short[a.id]
			if !ok {
				return fmt.Errorf("attribute %s", a.id)
			}
			if name == "OU" && i > 0 && all[i-1].id == a.id {
				continue // any number of units
			}
			got += " " + name
		}
		want := " C O OU CN"
		if c.Kind == Person {
			want = " C O OU SN GN serialNumber CN"
		}
		if got != want {
			return fmt.Errorf("is%s, not%s", got, want)
		}
		return nil
	}}
}
