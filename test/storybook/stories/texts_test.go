package stories

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"chave/internal/text"
)

// keyInTemplate finds the text keys that a template names in full; those it puts together are covered by the stories.
var keyInTemplate = regexp.MustCompile(`"((?:ui|signin|portal|key|counter|qr|sign|check|document|attribute)\.[a-z0-9_.]+)"( \.| \$|\))?`)

func TestEvery_text_that_a_template_names_exists(t *testing.T) {
	texts, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	sets := map[string]fs.FS{"ui": os.DirFS("../../../internal/page/ui")}
	for _, set := range Sets() {
		sets[set.Name] = set.Files
	}
	for set, files := range sets {
		names, err := fs.Glob(files, "*.html")
		if err != nil || len(names) == 0 {
			t.Fatalf("%s has no templates: %v", set, err)
		}
		for _, name := range names {
			raw, err := fs.ReadFile(files, name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range keyInTemplate.FindAllStringSubmatch(string(raw), -1) {
				key := m[1]
				if strings.HasSuffix(key, ".") || key == "key.svg" { // the beginning of one put together; an asset
					continue
				}
				for _, l := range text.Langs() {
					if !texts.Has(l, key) && !beginsSome(texts, l, key+".") {
						t.Errorf("%s/%s: %s is missing in %s", set, name, key, l)
					}
				}
			}
		}
	}
}

func beginsSome(texts *text.Catalogue, l text.Lang, prefix string) bool {
	for _, key := range texts.Keys(l) {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

func TestEvery_view_has_a_story(t *testing.T) {
	told := map[string]bool{}
	for _, s := range Stories() {
		told[s.View.Page().Name] = true
	}
	for _, set := range Sets() {
		for _, v := range set.Views {
			if !told[v.Page().Name] {
				t.Errorf("%s: %T is in no story", set.Name, v)
			}
		}
	}
}
