package drive

import (
	"bytes"
	"html"
	"net/url"
)

// Form is one form of a page as a browser without script would send it.
type Form struct {
	Action *url.URL
	// Values are what the page itself filled in: hidden fields, typed values, ticked boxes.
	Values url.Values
	// Fields are the names of what a person can fill in, in order.
	Fields []string
	// Buttons are the submit buttons in order; a browser sends only the one that was pressed, and nothing for one without a name.
	Buttons []Button
}

// Button is one way to send a form.
type Button struct{ Name, Value string }

// Has tells whether a person can fill in a field, or press a button, of this name.
func (f Form) Has(name string) bool {
	for _, field := range f.Fields {
		if field == name {
			return true
		}
	}
	for _, b := range f.Buttons {
		if b.Name == name {
			return true
		}
	}
	return false
}

// With is the values to post when the fields are filled in and a button is pressed. A field that the form lacks is left out.
func (f Form) With(fill map[string]string, press Button) url.Values {
	v := url.Values{}
	for name, all := range f.Values {
		v[name] = append([]string(nil), all...)
	}
	for name, value := range fill {
		for _, field := range f.Fields {
			if field == name {
				v.Set(name, value)
			}
		}
	}
	if press.Name != "" {
		v.Set(press.Name, press.Value)
	}
	return v
}

// Forms finds the posting forms of a page. It reads what our own templates write: double-quoted attributes, lower-case names.
func Forms(page Page) ([]Form, error) {
	var all []Form
	rest := page.Body
	for {
		_, after, found := bytes.Cut(rest, []byte("<form "))
		if !found {
			return all, nil
		}
		inside, next, _ := bytes.Cut(after, []byte("</form>"))
		rest = next
		head, inside := tag(inside)
		if method, _ := attribute(head, "method"); method != "post" {
			continue
		}
		f, err := read(page.URL, head, inside)
		if err != nil {
			return all, err
		}
		all = append(all, f)
	}
}

func read(at *url.URL, head, inside []byte) (f Form, err error) {
	f = Form{Action: at, Values: url.Values{}}
	if action, ok := attribute(head, "action"); ok {
		if f.Action, err = at.Parse(action); err != nil {
			return f, err
		}
	}
	selected := "" // the select that options belong to
	for {
		open := bytes.IndexByte(inside, '<')
		if open < 0 {
			return f, nil
		}
		inside = inside[open+1:]
		kind := word(inside)
		switch kind {
		case "input", "button", "select", "textarea", "option":
		default:
			continue
		}
		var element []byte
		element, inside = tag(inside[len(kind):])
		name, _ := attribute(element, "name")
		value, _ := attribute(element, "value")
		switch kind {
		case "input":
			f.input(element, name, value)
		case "button":
			if t, _ := attribute(element, "type"); t != "button" {
				f.Buttons = append(f.Buttons, Button{name, value})
			}
		case "select":
			f.Fields = append(f.Fields, name)
			selected = name
		case "option":
			if bytes.Contains(element, []byte(" selected")) {
				f.Values.Set(selected, value)
			}
		case "textarea":
			text, after, _ := bytes.Cut(inside, []byte("</textarea>"))
			inside = after
			f.Fields = append(f.Fields, name)
			f.Values.Set(name, html.UnescapeString(string(text)))
		}
	}
}

func (f *Form) input(element []byte, name, value string) {
	kind, _ := attribute(element, "type")
	switch kind {
	case "hidden":
		f.Values.Add(name, value)
	case "checkbox", "radio":
		f.Fields = append(f.Fields, name)
		if bytes.Contains(element, []byte(" checked")) {
			f.Values.Add(name, value)
		}
	case "submit":
		f.Buttons = append(f.Buttons, Button{name, value})
	default:
		f.Fields = append(f.Fields, name)
		f.Values.Set(name, value)
	}
}

// tag splits what follows a tag's name into its attributes and the rest. A > inside quotes does not end it.
func tag(s []byte) (attributes, rest []byte) {
	quoted := false
	for i, c := range s {
		switch {
		case c == '"':
			quoted = !quoted
		case c == '>' && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, nil
}

// attribute finds name="value" among a tag's attributes.
func attribute(attributes []byte, name string) (string, bool) {
	key := name + `="`
	for from := 0; ; {
		i := bytes.Index(attributes[from:], []byte(key))
		if i < 0 {
			return "", false
		}
		i += from
		if i > 0 && attributes[i-1] != ' ' && attributes[i-1] != '\n' { // the end of a longer name, such as data-name
			from = i + 1
			continue
		}
		value, _, _ := bytes.Cut(attributes[i+len(key):], []byte(`"`))
		return html.UnescapeString(string(value)), true
	}
}

func word(s []byte) string {
	for i, c := range s {
		if c < 'a' || c > 'z' {
			return string(s[:i])
		}
	}
	return ""
}
