package text

import (
	"testing"

	"chave/internal/core/consent"
)

func TestEvery_attribute_and_every_source_has_a_name(t *testing.T) {
	c := load(t)
	for _, l := range Langs() {
		for _, a := range consent.Catalogue() {
			if key := "attribute." + string(a.Name); !c.Has(l, key) {
				t.Errorf("%s is missing in %s", key, l)
			}
			if key := "source." + string(a.Source); a.Source != consent.Held && !c.Has(l, key) {
				t.Errorf("%s is missing in %s", key, l)
			}
		}
	}
}
