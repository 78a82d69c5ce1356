package attribute

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"chave/internal/core/consent"
)

// What travels, see doc.go.
type (
	answer struct {
		Number  string   `json:"number"`
		Results []result `json:"results"`
	}
	result struct {
		Name   consent.Name      `json:"name"`
		Result string            `json:"result"`
		Text   string            `json:"text"`
		Parts  map[string]string `json:"parts"`
	}
)

const (
	textLimit = 2000 // letters
	partLimit = 64   // parts of one attribute
)

var partName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)

// read turns an answer into values, or says which member is not as agreed. It never repeats what the member holds. When all is held back the error is
// consent.ErrWithheld, when some is it is consent.SomeWithheld beside the values of the rest.
func read(body []byte, q consent.Query) (map[consent.Name]consent.Value, error) {
	var a answer
	if err := decode(body, &a); err != nil {
		return nil, err
	}
	if a.Number != q.Number {
		return nil, unexpected("number")
	}
	values := map[consent.Name]consent.Value{}
	var withheld consent.SomeWithheld
	seen := map[consent.Name]bool{}
	for _, r := range a.Results {
		if !slices.Contains(q.Names, r.Name) || seen[r.Name] {
			return nil, unexpected("name")
		}
		seen[r.Name] = true
		bare := r.Text == "" && len(r.Parts) == 0
		switch {
		case r.Result == "available":
			if err := r.check(); err != nil {
				return nil, err
			}
			values[r.Name] = consent.Value{Text: r.Text, Parts: r.Parts}
		case r.Result == "not_available" && bare:
		case r.Result == "not_permitted" && bare:
			withheld = append(withheld, r.Name)
		default:
			return nil, unexpected("result")
		}
	}
	switch len(withheld) {
	case 0:
		return values, nil
	case len(q.Names):
		return nil, consent.ErrWithheld
	}
	return values, withheld
}

func unexpected(member string) error {
	return errors.New("the answer's " + member + " is not as agreed")
}

func (r result) check() error {
	if r.Text == "" || utf8.RuneCountInString(r.Text) > textLimit || strings.ContainsAny(r.Text, "\r\n\t") || !carried(r.Text) {
		return unexpected("text")
	}
	if len(r.Parts) > partLimit {
		return unexpected("parts")
	}
	for name, value := range r.Parts {
		if !partName.MatchString(name) || !carried(value) || strings.HasPrefix(value, "<") && !document(value) {
			return unexpected("parts")
		}
	}
	return nil
}

// carried tells whether XML 1.0 can carry a text (its production 2): one letter that it cannot would break the message of a wire.
func carried(s string) bool {
	for _, r := range s {
		switch {
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r == 0xFFFE, r == 0xFFFF, r == utf8.RuneError:
			return false
		}
	}
	return true
}

// document tells whether a part is one well-formed element and nothing that a service's parser could choke on: no declaration, no document type.
func document(s string) bool {
	d := xml.NewDecoder(strings.NewReader(s))
	depth, roots := 0, 0
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return depth == 0 && roots == 1
		}
		if err != nil {
			return false
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			depth++
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 0 && len(bytes.TrimSpace(t)) > 0 {
				return false
			}
		case xml.ProcInst, xml.Directive:
			return false
		}
	}
}

// decode is strict where encoding/json is lenient: repeated or unknown members, text that is not UTF-8, and anything after the value are errors. Two readers of one
// answer must not read two things.
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

// exact walks one value and refuses repeated members, members of ours in another case, and depth that no answer has.
func exact(d *json.Decoder, depth int) error {
	const deepest = 4
	t, err := d.Token()
	if err != nil {
		return err
	}
	open, isDelim := t.(json.Delim)
	if !isDelim {
		return nil
	}
	if depth == deepest {
		return errors.New("too deep")
	}
	seen := map[string]bool{}
	for d.More() {
		if open == '{' {
			t, err := d.Token()
			if err != nil {
				return err
			}
			name, _ := t.(string)
			// encoding/json takes one case for the other. Parts have names of their own.
			if seen[name] || depth < 3 && name != strings.ToLower(name) {
				return errors.New("repeated, or not in lower case")
			}
			seen[name] = true
		}
		if err := exact(d, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}
