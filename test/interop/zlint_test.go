//go:build interop

package interop

import (
	stdx509 "crypto/x509"
	"slices"
	"strings"
	"testing"

	"github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3"
	zrule "github.com/zmap/zlint/v3/lint"
)

// TestZlint_finds_nothing_in_any_certificate asks the linter of public certificates: what RFCs and ETSI say of all certificates holds for ours. The rules
// of browsers for web sites are not asked: nothing here is one.
func TestZlint_finds_nothing_in_any_certificate(t *testing.T) {
	a := apply(t)
	beatriz := a.chain(a.who("beatriz"))[0]
	_, responder := a.status(beatriz)
	registry, err := zrule.GlobalRegistry().Filter(zrule.FilterOptions{
		IncludeSources: zrule.SourceList{zrule.RFC3279, zrule.RFC5280, zrule.RFC5480, zrule.RFC5891, zrule.RFC6960, zrule.RFC8813, zrule.EtsiEsi, zrule.Community},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*stdx509.Certificate{
		"root": a.root, "issuing": a.issuing, "citizen": beatriz, "foreigner": a.chain(a.who("oksana"))[0], "no tax number": a.chain(a.who("marcus"))[0],
		"permit": a.chain(a.who("harpreet"))[0], "card of a family member": a.chain(a.who("yolanda"))[0], "time-stamps": a.stamping, "status": responder,
	} {
		t.Run(name, func(t *testing.T) {
			parsed, err := x509.ParseCertificate(c.Raw)
			if err != nil {
				t.Fatal(err)
			}
			asked, found := 0, []string{}
			for rule, r := range zlint.LintCertificateEx(parsed, registry).Results {
				switch {
				case r.Status == zrule.NA || r.Status == zrule.NE:
					continue
				case r.Status >= zrule.Notice:
					found = append(found, strings.TrimSpace(rule+" "+r.Details))
				}
				asked++
			}
			slices.Sort(found)
			if len(found) > 0 {
				t.Errorf("zlint:\n%s", strings.Join(found, "\n"))
			}
			if asked < 20 {
				t.Errorf("only %d rules applied", asked)
			}
			t.Logf("%d rules applied", asked)
		})
	}
}
