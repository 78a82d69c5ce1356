package stories

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"strings"
)

// index lists the stories for whoever looks at them; it is not a page of the product.
func index(w http.ResponseWriter) {
	var b strings.Builder
	b.WriteString(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Storybook</title><h1>Every page, every state</h1><ul>`)
	for _, s := range Stories() {
		fmt.Fprintf(&b, `<li>%s: <a href="%s?lang=pt">pt</a> <a href="%s?lang=en">en</a></li>`, html.EscapeString(s.Name), s.Path, s.Path)
	}
	b.WriteString(`</ul></html>`)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, b.String()) // a development page; a reader who left loses nothing
}
