package ui

import (
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"time"

	"chave/internal/text"
)

// Frame is what a template sees: the view as .V and, as methods, everything that depends on the reader's language.
type Frame struct {
	V    View
	Page Page
	Demo bool
	Lang text.Lang

	site *Site
	back string
}

// T is a text in the reader's language. A time among the values is written as briefly as is clear, and as a date when its
// name is Day.
func (f *Frame) T(key string, args ...any) string {
	return f.site.texts.T(f.Lang, key, f.spoken(args)...)
}

func (f *Frame) spoken(args []any) []any {
	for i := 1; i < len(args); i += 2 {
		if t, ok := args[i].(time.Time); ok {
			args = append([]any(nil), args...) // the view's own slice stays as the handler made it
			switch {
			case t.IsZero():
				args[i] = ""
			case args[i-1] == "Day":
				args[i] = f.Date(t)
			default:
				args[i] = f.Until(t)
			}
		}
	}
	return args
}

// Has reports whether a text exists: a page may say more where there is more to say.
func (f *Frame) Has(key string) bool { return f.site.texts.Has(f.Lang, key) }

// Title is the page's heading.
func (f *Frame) Title() string { return f.T(f.Page.Title, f.Page.TitleArgs...) }

// DocumentTitle is the browser tab's: whether something is wrong, which page, for which service.
func (f *Frame) DocumentTitle() string {
	parts := []string{f.Title()}
	if f.Page.Service != nil && f.Page.Service.Name != "" && !strings.Contains(parts[0], f.Page.Service.Name) {
		parts = append(parts, f.Page.Service.Name)
	}
	if len(f.Page.Problems) > 0 {
		parts[0] = f.T("ui.problem.tab", "Title", parts[0])
	}
	return strings.Join(append(parts, f.T("ui.name")), " – ")
}

// LangTag is the page's language for the lang attribute.
func (f *Frame) LangTag() string { return f.Lang.Tag() }

// Choice is one language of the switch.
type Choice struct {
	Code, Tag, Name, Href string
	Current               bool
}

// Choices are the languages, each with the link that switches to it and comes back here.
func (f *Frame) Choices() []Choice {
	var all []Choice
	for _, l := range text.Langs() {
		all = append(all, Choice{
			Code: string(l), Tag: l.Tag(), Name: l.Name(), Current: l == f.Lang,
			Href: "/language?" + url.Values{"set": {string(l)}, "back": {f.back}}.Encode(),
		})
	}
	return all
}

// Date writes a day in the reader's language, by Lisbon's clock.
func (f *Frame) Date(t time.Time) string { return f.site.texts.Date(f.Lang, t) }

// Clock writes the time of day in the reader's language, by Lisbon's clock.
func (f *Frame) Clock(t time.Time) string { return f.site.texts.Clock(f.Lang, t) }

// Moment writes day and time in the reader's language, by Lisbon's clock.
func (f *Frame) Moment(t time.Time) string { return f.site.texts.Moment(f.Lang, t) }

// Until writes as much of an instant to come as is clear in the reader's language, by Lisbon's clock.
func (f *Frame) Until(t time.Time) string { return f.site.texts.Until(f.Lang, t, f.site.now()) }

// Machine is a time for the datetime attribute, from which the script writes it in the reader's own zone.
func (f *Frame) Machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Country is a country's name by its alpha-3 code.
func (f *Frame) Country(code string) string { return f.site.texts.Country(f.Lang, code) }

// Asset is the hashed address of a file.
func (f *Frame) Asset(name string) (string, error) {
	address, ok := f.site.assets.names[name]
	if !ok {
		return "", fmt.Errorf("no asset %q", name)
	}
	return address, nil
}

// Fixed is a part of the layout that was rendered at the start.
func (f *Frame) Fixed(part string) template.HTML { return f.site.fixed[f.Lang][part] }

// Icon is a drawing that repeats what a word beside it says; it is hidden from screen readers.
func (f *Frame) Icon(name string) template.HTML { return icon(name) }

// Explain is what a fault's code means, without the values of one case.
func (f *Frame) Explain(code string) string { return f.What(Problem{Code: code}) }

// Say is T for values that a view holds as a list.
func (f *Frame) Say(key string, args []any) string { return f.T(key, args...) }

// MonthName is a month's short name.
func (f *Frame) MonthName(m time.Month) string { return f.site.texts.Month(f.Lang, m) }

// WithCount picks singular or plural of a text by a number.
func (f *Frame) WithCount(key string, n int) string { return f.T(key, "Count", n) }

func functions() template.FuncMap {
	return template.FuncMap{
		"list": func(items ...any) []any { return items },
		"dict": func(pairs ...any) (map[string]any, error) {
			d := map[string]any{}
			for i := 0; i+1 < len(pairs); i += 2 {
				name, ok := pairs[i].(string)
				if !ok {
					return nil, fmt.Errorf("dict: %v is no name", pairs[i])
				}
				d[name] = pairs[i+1]
			}
			return d, nil
		},
	}
}
