package registry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"chave/internal/core/citizen"
	"chave/internal/core/enrol"
	"chave/internal/format/mrz"
	"chave/internal/format/ptnumber"
)

// What travels, see doc.go. Pointers tell a missing member from an empty one.
type (
	query struct {
		DocumentType string `json:"document_type"`
		Country      string `json:"country"`
		Number       string `json:"number"`
		BirthDate    string `json:"birth_date"`
	}
	answer struct {
		Status string  `json:"status"`
		Person *person `json:"person"`
	}
	person struct {
		GivenNames  string    `json:"given_names"`
		Surnames    string    `json:"surnames"`
		BirthDate   string    `json:"birth_date"`
		Nationality string    `json:"nationality"`
		NIC         string    `json:"nic"`
		NIF         string    `json:"nif"`
		NISS        string    `json:"niss"`
		NSNS        string    `json:"nsns"`
		Document    *document `json:"document"`
		Standing    *standing `json:"standing"`
	}
	document struct {
		Expires  string `json:"expires"`
		State    string `json:"state"`
		Lifetime *bool  `json:"lifetime"`
	}
	standing struct {
		Accompanied string `json:"accompanied"`
		Deceased    *bool  `json:"deceased"`
		AsOf        string `json:"as_of"`
	}
)

// read turns an answer into core's, or says which member is not as agreed. It never repeats what the member holds.
func read(body []byte, q enrol.Query, now time.Time) (enrol.Answer, error) {
	var a answer
	if err := decode(body, &a); err != nil {
		return enrol.Answer{}, err
	}
	switch coverage := enrol.Coverage(a.Status); {
	case coverage == enrol.Found && a.Person != nil:
		return a.Person.read(q, now)
	case coverage == enrol.NotFound && a.Person == nil:
		return enrol.Answer{Coverage: enrol.NotFound}, nil
	case coverage == enrol.NotCovered && a.Person == nil:
		// An operator may attest a document that is not covered. One that Portugal issued must not come that way.
		if q.Country == citizen.Portugal || q.Type.National() {
			return enrol.Answer{}, errors.New("the registry says it does not cover a Portuguese document")
		}
		return enrol.Answer{Coverage: enrol.NotCovered}, nil
	}
	return enrol.Answer{}, unexpected("status")
}

func unexpected(member string) error {
	return fmt.Errorf("the answer's %s is not as agreed", member)
}

// read checks a person member by member; the first that does not hold makes the answer worthless.
func (p *person) read(q enrol.Query, now time.Time) (enrol.Answer, error) {
	out := enrol.Answer{Coverage: enrol.Found}
	if p.GivenNames == "" && p.Surnames == "" {
		return enrol.Answer{}, unexpected("name")
	}
	birth, err := citizen.ParseDate(p.BirthDate)
	if err != nil { // one that differs from the question is for core to point out
		return enrol.Answer{}, unexpected("birth_date")
	}
	if !mrz.KnownCountry(p.Nationality) {
		return enrol.Answer{}, unexpected("nationality")
	}
	if member := p.badNumber(q); member != "" {
		return enrol.Answer{}, unexpected(member)
	}
	if p.Document == nil || p.Document.Lifetime == nil || *p.Document.Lifetime != (p.Document.Expires == "") {
		return enrol.Answer{}, unexpected("document")
	}
	out.Lifetime = *p.Document.Lifetime
	if !out.Lifetime {
		if out.Expires, err = citizen.ParseDate(p.Document.Expires); err != nil {
			return enrol.Answer{}, unexpected("document.expires")
		}
	}
	switch out.State = enrol.DocumentState(p.Document.State); out.State {
	case enrol.DocumentValid, enrol.DocumentLost, enrol.DocumentOld, enrol.DocumentUnknown:
	default:
		return enrol.Answer{}, unexpected("document.state")
	}
	held, err := p.Standing.read(now)
	if err != nil {
		return enrol.Answer{}, err
	}
	out.Person = citizen.Person{
		GivenNames: p.GivenNames, Surnames: p.Surnames, BirthDate: birth, Nationality: citizen.Country(p.Nationality),
		NIC: p.NIC, NIF: p.NIF, NISS: p.NISS, NSNS: p.NSNS, Standing: held,
	}
	return out, nil
}

// badNumber names the first number that is not in its normal form, or a NIC that is not the card's. A wrong number would
// join the key to somebody else's taxes.
func (p *person) badNumber(q enrol.Query) string {
	if n, err := ptnumber.ParseNIC(p.NIC); p.NIC != "" && (err != nil || string(n) != p.NIC) {
		return "nic"
	}
	if n, err := ptnumber.ParseNIF(p.NIF); p.NIF != "" && (err != nil || string(n) != p.NIF || !n.Natural()) {
		return "nif"
	}
	if n, err := ptnumber.ParseNISS(p.NISS); p.NISS != "" && (err != nil || string(n) != p.NISS || !n.Natural()) {
		return "niss"
	}
	if n, err := ptnumber.ParseNSNS(p.NSNS); p.NSNS != "" && (err != nil || string(n) != p.NSNS) {
		return "nsns"
	}
	var nic ptnumber.NIC
	switch q.Type {
	case citizen.CitizenCard:
		card, err := ptnumber.ParseCitizenCard(q.Number)
		if err != nil {
			return "nic"
		}
		nic = card.NIC
	case citizen.IdentityCard:
		card, err := ptnumber.ParseIdentityCard(q.Number)
		if err != nil {
			return "nic"
		}
		nic = card.NIC
	default:
		return ""
	}
	if p.NIC != string(nic) {
		return "nic"
	}
	return ""
}

func (s *standing) read(now time.Time) (citizen.Standing, error) {
	if s == nil || s.Deceased == nil {
		return citizen.Standing{}, unexpected("standing")
	}
	out := citizen.Standing{Deceased: *s.Deceased}
	switch s.Accompanied {
	case "yes":
		out.Accompanied = citizen.Yes
	case "no":
		out.Accompanied = citizen.No
	case "unknown":
		out.Accompanied = citizen.Unknown
	default:
		return citizen.Standing{}, unexpected("standing.accompanied")
	}
	at, err := time.Parse(time.RFC3339, s.AsOf)
	if err != nil {
		at, err = time.Parse("2006-01-02", s.AsOf)
	}
	const skew = 5 * time.Minute // two machines' clocks
	if err != nil || at.After(now.Add(skew)) {
		return citizen.Standing{}, unexpected("standing.as_of")
	}
	out.AsOf = at.UTC()
	return out, nil
}

// decode is strict where encoding/json is lenient: members in another case, repeated or unknown, text that is not UTF-8,
// and anything after the value are errors. Two readers of one answer must not read two things.
func decode(body []byte, into any) error {
	garbage := errors.New("the answer is not the JSON we agreed on")
	if !utf8.Valid(body) {
		return garbage
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if err := exact(d, 0); err != nil {
		return garbage
	}
	if _, err := d.Token(); err != io.EOF {
		return garbage
	}
	d = json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if d.Decode(into) != nil {
		return garbage
	}
	return nil
}

// exact walks one value and refuses repeated members and members that are not in lower case.
func exact(d *json.Decoder, depth int) error {
	const deepest = 8
	t, err := d.Token()
	if err != nil {
		return err
	}
	open, isDelim := t.(json.Delim)
	if !isDelim {
		return nil
	}
	if open != '{' || depth == deepest {
		return errors.New("nothing here is a list, or so deep")
	}
	seen := make(map[string]bool)
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		if seen[name] || bytes.ContainsFunc([]byte(name), func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') }) {
			return errors.New("repeated, or not in lower case")
		}
		seen[name] = true
		if err := exact(d, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}
