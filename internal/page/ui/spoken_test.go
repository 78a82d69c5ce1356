package ui

import (
	"bytes"
	"html/template"
	"strings"
	"testing"

	"chave/internal/text"
)

// Every way a template reaches a text or an icon, in text and in an attribute.
const spokenPage = `{{define "probe/page"}}<p title="{{.T "ui.foot.who"}}">{{.T "ui.foot.who"}} {{.Icon "warning"}}</p>` +
	`{{with .V}}<b>{{$.T "ui.name"}}</b>{{end}}{{template "probe/part" dict "F" . "Key" "ui.skip"}}` +
	`{{if .Demo}}{{.T "ui.demo"}}{{else}}{{.T "ui.home"}}{{end}}{{range list 1 2}}{{$.T "ui.again"}}{{end}}` +
	`{{.T "signin.step" "At" 2 "Of" 3}} {{.T "no.such.key"}}{{end}}` +
	`{{define "probe/part"}}<i>{{.F.T "ui.continue"}} {{.F.T .Key}} {{.F.Icon "info"}}</i>{{end}}`

func TestSpoken_pages_say_byte_for_byte_what_the_templates_say(t *testing.T) {
	s := site(t)
	pages := template.Must(template.New("site").Funcs(functions()).Parse(spokenPage))
	for _, l := range text.Langs() {
		spoken, err := s.spoken(pages, l)
		if err != nil {
			t.Fatal(err)
		}
		plain := template.Must(pages.Clone())
		var want, got bytes.Buffer
		frame := &Frame{V: probe{}, Lang: l, site: s, Demo: true}
		if err := plain.ExecuteTemplate(&want, "probe/page", frame); err != nil {
			t.Fatal(err)
		}
		if err := spoken.ExecuteTemplate(&got, "probe/page", frame); err != nil {
			t.Fatal(err)
		}
		// The two escapers choose different names for the same character.
		if w, g := strings.ReplaceAll(want.String(), "&#43;", "+"), got.String(); w != g {
			t.Errorf("%s:\n got %s\nwant %s", l, g, w)
		}
		if n := strings.Count(spoken.Lookup("probe/page").Tree.Root.String(), "{{.T "); n != 2 {
			t.Errorf("%s: %d texts are still looked up on each page, want the two that depend on something", l, n)
		}
	}
}
