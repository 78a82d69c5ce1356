package fasaml_test

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"chave/internal/core/consent"
	"chave/internal/core/service"
)

// vectorDocuments are the test vectors of cmd-authentication.md part 4, by name; see testdata/vectors/README.md.
func vectorDocuments(t testing.TB) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, name := range []string{"A", "B", "C", "D", "E", "V1", "V2", "V3", "V4", "V5", "V6", "V7"} {
		doc, err := os.ReadFile("testdata/vectors/" + name + ".xml")
		if err != nil {
			t.Fatal(err)
		}
		all[name] = doc
	}
	return all
}

// vectorRig knows the vectors' service by the vectors' certificate. That begins months after the messages were issued, so the time window is as wide.
func vectorRig(t testing.TB, change ...func(*service.Settings)) *rig {
	t.Helper()
	r := newRig(t)
	r.provider.Window = 400 * 24 * time.Hour
	cert, err := os.ReadFile("testdata/vectors/certificate.pem")
	if err != nil {
		t.Fatal(err)
	}
	r.register(sp(append(change, func(s *service.Settings) { s.SAML.Certificates = []string{string(cert)} })...))
	return r
}

func TestVectorA_signed_in_every_form_that_services_use(t *testing.T) {
	r := vectorRig(t, func(s *service.Settings) { s.Compat = map[service.Switch]service.Allowance{service.LegacySHA1: {}} })
	docs := vectorDocuments(t)
	for _, name := range []string{"V1", "V2", "V3", "V7"} {
		t.Run(name, func(t *testing.T) {
			b := r.browser()
			p := b.send(docs[name])
			if name != "V1" { // one message in four forms: its id is spent by the first
				r.wantRefusal(t, p, "Requester", "RequestDenied", statusURN+"RequestDenied (The request has not been processed).")
				return
			}
			tr := b.transaction(p)
			if len(tr.Ask) != 2 || tr.Ask[0] != (consent.Ask{Name: consent.NIC, Required: true}) || tr.Ask[1] != (consent.Ask{Name: consent.FullName}) || tr.MinLevel != 3 {
				t.Errorf("asks for %v at level %d", tr.Ask, tr.MinLevel)
			}
			a := r.answer(b.agree(b.prove(tr, phone)))
			if top, _, _ := a.status(); top != "Success" || a.states()[0] != "NIC Available "+nic {
				t.Errorf("answered %s", a.raw)
			}
			if !strings.Contains(a.raw, `InResponseTo="_5f1c2a4e-7d0b-4c1e-9a35-2b6f0d1e8c77"`) {
				t.Error("answers another request")
			}
		})
	}
	if r.counted[service.LegacySHA1] != 1 {
		t.Errorf("SHA-1 was counted %d times", r.counted[service.LegacySHA1])
	}
}

func TestVectorA_unsigned_is_refused(t *testing.T) {
	r := vectorRig(t)
	r.wantHere(t, r.browser().send(vectorDocuments(t)["A"]), http.StatusForbidden, "CH-1603")
}

func TestVectorsBCE_are_no_requests(t *testing.T) {
	r := vectorRig(t)
	docs := vectorDocuments(t)
	for _, name := range []string{"B", "C", "E", "V4", "V5", "V6"} {
		r.wantHere(t, r.browser().send(docs[name]), http.StatusBadRequest, "CH-1602")
	}
}

// D is unsigned in the document; here the rig's key signs it, with its instant moved to now.
func TestVectorD_logout_with_a_dynamic_address(t *testing.T) {
	r := newRig(t)
	doc := strings.Replace(string(vectorDocuments(t)["D"]), "2026-01-15T11:00:00.0000000Z", at(r, 0), 1)
	empty := strings.Replace(doc, `>urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</NameID>`, ` />`, 1)
	forms := map[string]string{
		"as it stands": doc,
		"with Extensions in no namespace": strings.NewReplacer(
			`<Extensions>`, `<Extensions xmlns="">`, "_e41b6c07", "_e41b6c08").Replace(doc),
		"with an empty NameID": strings.Replace(empty, "_e41b6c07", "_e41b6c09", 1),
	}
	if empty == doc {
		t.Fatal("the vector has another NameID")
	}
	for name, doc := range forms {
		t.Run(name, func(t *testing.T) {
			b := r.browser()
			p := b.send(spKey().signed(t, []byte(doc)))
			if p.status != http.StatusSeeOther {
				t.Fatalf("answered %d %s %s", p.status, p.fault(), r.reading(p))
			}
			p = b.get(p.location.String())
			a := r.answer(p)
			if top, _, _ := a.status(); a.root.Tag != "LogoutResponse" || top != "Success" || p.posted.Action != "https://sp.example.test/logged-out" {
				t.Errorf("answered %s to %s", a.raw, p.posted.Action)
			}
		})
	}
}
