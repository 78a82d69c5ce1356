package ui

import (
	"fmt"
	"html/template"
	"strings"
	"time"
	"unicode"

	"chave/internal/text"
)

// Field is one labelled input, ready for the templates "field", "area", "select" and "tick".
type Field struct {
	Name, Label, Hint, Value      string
	Type, Autocomplete, InputMode string
	Class, Pattern                string
	MaxLength                     int
	Required, Checked, Secret     bool
	Problem, Remedy, Code         string // what is wrong, what to do, stable code
	Described                     string // ids for aria-describedby
	Options                       []Option
	Choices                       template.HTML // ready-made options: the country list
	Show, Hide                    string        // words of the switch that shows a secret
}

// Option is one choice of a select or radio group.
type Option struct {
	Value, Label, Hint string
	Chosen             bool
}

// Field builds an input from its form name, the key of its label, and named options: "hint" (a text key), "words" (a hint
// already written), "value", "type", "auto" (autocomplete), "mode" (inputmode), "class", "max", "pattern", "required", "checked",
// "options" ([]Option), "countries" (true). The problem reported for the name is found by itself.
func (f *Frame) Field(name, label string, options ...any) (Field, error) {
	field := Field{Name: name, Label: f.T(label), Type: "text"}
	for i := 0; i+1 < len(options); i += 2 {
		if err := f.set(&field, fmt.Sprint(options[i]), options[i+1]); err != nil {
			return field, fmt.Errorf("field %s: %w", name, err)
		}
	}
	var described []string
	if field.Hint != "" {
		described = append(described, name+"-hint")
	}
	for _, p := range f.Page.Problems {
		if p.Field == name && field.Problem == "" {
			field.Problem, field.Remedy, field.Code = f.sentence(p, ""), f.Remedy(p), p.Code
			described = append(described, name+"-problem")
		}
	}
	field.Described = strings.Join(described, " ")
	return field, nil
}

func (f *Frame) set(field *Field, option string, value any) error {
	ok := true
	switch option {
	case "hint":
		field.Hint = f.T(fmt.Sprint(value))
	case "words":
		field.Hint = fmt.Sprint(value)
	case "value":
		field.Value = fmt.Sprint(value)
	case "type":
		field.Type = fmt.Sprint(value)
		if field.Secret = field.Type == "password"; field.Secret {
			field.Show, field.Hide = f.T("ui.show"), f.T("ui.hide")
		}
	case "auto":
		field.Autocomplete = fmt.Sprint(value)
	case "mode":
		field.InputMode = fmt.Sprint(value)
	case "class":
		field.Class = fmt.Sprint(value)
	case "pattern":
		field.Pattern = fmt.Sprint(value)
	case "max":
		field.MaxLength, ok = value.(int)
	case "required":
		field.Required, ok = value.(bool)
	case "checked":
		field.Checked, ok = value.(bool)
	case "options":
		field.Options, ok = value.([]Option)
	case "countries":
		field.Choices = f.countries(field.Value)
	default:
		return fmt.Errorf("no option %q", option)
	}
	if !ok {
		return fmt.Errorf("option %q cannot be %T", option, value)
	}
	return nil
}

// What says what happened, beginning with the name of the field where the page lists several; Remedy says what to do. Both come from the
// fault's code.
func (f *Frame) What(p Problem) string { return f.sentence(p, f.Page.Labels[p.Field]) }

// Remedy is What's second half.
func (f *Frame) Remedy(p Problem) string { return f.T("fault."+p.Code+".do", f.about(p)...) }

func (f *Frame) sentence(p Problem, label string) string {
	args := f.about(p)
	if label != "" {
		args = append([]any{"Label", f.T(label)}, args...)
	}
	s := []rune(f.T("fault."+p.Code+".what", args...))
	if len(s) > 0 {
		s[0] = unicode.ToUpper(s[0])
	}
	return string(s)
}

// about writes the values of a problem the way a person reads them: dates and countries come from forms and zones in their codes.
func (f *Frame) about(p Problem) []any {
	args := append([]any(nil), p.Args...)
	for i := 1; i < len(args); i += 2 {
		typed, ok := args[i].(string)
		if !ok {
			continue
		}
		if day, err := time.Parse(time.DateOnly, typed); err == nil {
			args[i] = f.Date(day)
		} else if strings.Contains("issuer country nationality", p.Field) && p.Field != "" {
			args[i] = f.Country(typed)
		} else if f.Has("document." + typed) {
			args[i] = f.T("document." + typed)
		}
	}
	return args
}

func countryOptions(countries []text.Country) string {
	var b strings.Builder
	for _, c := range countries {
		fmt.Fprintf(&b, "<option value=\"%s\">%s</option>\n", c.Code, template.HTMLEscapeString(c.Name))
	}
	return b.String()
}

// countries is the option list with one chosen. The list is made once per language; only the chosen one is marked here.
func (f *Frame) countries(chosen string) template.HTML {
	list := f.site.countries[f.Lang]
	if len(chosen) == 3 {
		list = strings.Replace(list, `value="`+template.HTMLEscapeString(chosen)+`"`, `value="`+template.HTMLEscapeString(chosen)+`" selected`, 1)
	}
	return template.HTML(list) // #nosec G203 -- codes and names come from our own tables, escaped above
}
