package stories

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"chave/internal/text"
)

var (
	missingKey = regexp.MustCompile(`>\s*(?:ui|signin|portal|key|counter|qr|sign|check|fault|attribute|document|message)\.[a-zA-Z0-9_.\-]+\s*<`)
	inputTag   = regexp.MustCompile(`<(input|select|textarea)\b[^>]*>`)
	idOf       = regexp.MustCompile(`\bid="([^"]*)"`)
	labelFor   = regexp.MustCompile(`<label\b[^>]*for="([^"]*)"`)
	refers     = regexp.MustCompile(`\baria-(?:describedby|labelledby|controls)="([^"]*)"`)
)

func TestEvery_page_in_every_state_renders_in_every_language(t *testing.T) {
	handler, err := Handler()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, story := range Stories() {
		if seen[story.Path] {
			t.Errorf("two stories at %s", story.Path)
		}
		seen[story.Path] = true
		for _, lang := range text.Langs() {
			t.Run(strings.TrimPrefix(story.Path, "/story/")+"/"+string(lang), func(t *testing.T) {
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, httptest.NewRequest("GET", story.Path+"?lang="+string(lang), nil))
				if w.Code != story.Status {
					t.Fatalf("status %d, want %d: %s", w.Code, story.Status, w.Body)
				}
				sound(t, w.Body.String(), lang)
			})
		}
	}
}

func sound(t *testing.T, page string, lang text.Lang) {
	t.Helper()
	if !strings.HasSuffix(strings.TrimSpace(page), "</html>") {
		t.Error("the page is cut short")
	}
	if !strings.Contains(page, `<html lang="`+lang.Tag()+`"`) {
		t.Error("the page does not say its language")
	}
	if n := strings.Count(page, "<h1"); n != 1 {
		t.Errorf("%d h1", n)
	}
	if m := missingKey.FindString(page); m != "" {
		t.Errorf("a text is missing: %s", m)
	}
	if strings.Contains(page, "no value") || strings.Contains(page, "ZgotmplZ") || strings.Contains(page, "%!") {
		t.Error("a value is missing or was refused by the template's escaping")
	}
	if strings.Contains(page, "style=") || strings.Contains(page, "onclick") || strings.Contains(page, "<style") || strings.Contains(page, "<script>") {
		t.Error("inline style or script: the content policy refuses it")
	}
	if len(page) > 50_000 {
		t.Errorf("%d bytes", len(page))
	}
	ids := map[string]bool{}
	for _, m := range idOf.FindAllStringSubmatch(page, -1) {
		if ids[m[1]] {
			t.Errorf("two elements have the id %q", m[1])
		}
		ids[m[1]] = true
	}
	labels := map[string]bool{}
	for _, m := range labelFor.FindAllStringSubmatch(page, -1) {
		labels[m[1]] = true
	}
	for _, tag := range inputTag.FindAllString(page, -1) {
		if strings.Contains(tag, `type="hidden"`) {
			continue
		}
		id := idOf.FindStringSubmatch(tag)
		if id == nil || !labels[id[1]] {
			t.Errorf("no label for %s", tag)
		}
	}
	for _, m := range refers.FindAllStringSubmatch(page, -1) {
		for _, id := range strings.Fields(m[1]) {
			if !ids[id] {
				t.Errorf("nothing has the id %q that an aria attribute names", id)
			}
		}
	}
	balanced(t, page)
}

var anyTag = regexp.MustCompile(`<(/?)([a-zA-Z][a-zA-Z0-9]*)\b[^>]*?(/?)>`)

// balanced checks that every element is closed in its place, as a strict parser would.
func balanced(t *testing.T, page string) {
	t.Helper()
	void := map[string]bool{"meta": true, "link": true, "input": true, "br": true, "hr": true, "img": true}
	var open []string
	for _, m := range anyTag.FindAllStringSubmatch(page, -1) {
		closing, name, self := m[1] == "/", m[2], m[3] == "/"
		switch {
		case void[name] || self:
		case !closing:
			open = append(open, name)
		case len(open) == 0 || open[len(open)-1] != name:
			t.Fatalf("</%s> closes nothing; open: %v", name, open)
		default:
			open = open[:len(open)-1]
		}
	}
	if len(open) != 0 {
		t.Errorf("never closed: %v", open)
	}
}
