package saml_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	format "chave/internal/format/saml"
	"chave/internal/wire/saml"
)

// TestXSW holds the eight classic wrapping attacks (Somorovsky et al., USENIX Security 2012), each with the service's genuine signature over a genuine request and a second
// request of the attacker's making that must not be believed: it would send the answer where the attacker wants. Requests have no assertion inside, so the
// variants that wrap one (3 to 8) wrap the signed request itself in the places where those put it.
func TestXSW1_to_8_a_signature_moved_or_wrapped_is_refused(t *testing.T) {
	r := newRig(t)
	for n := 1; n <= 8; n++ {
		t.Run(fmt.Sprintf("XSW%d", n), func(t *testing.T) {
			genuine := r.ask()
			signed := r.signed(genuine.xml())
			begin, end := strings.Index(signed, "<Signature "), strings.Index(signed, "</Signature>")+len("</Signature>")
			signature, bare := signed[begin:end], signed[:begin]+signed[end:]
			forged := genuine
			forged.ID, forged.ACS = format.NewID(rand.Reader), ` AssertionConsumerServiceURL="https://shop.example/saml/other"`
			doc := wrapped(n, forged, signature, bare, signed)
			p := r.browser().begin(doc, "")
			if p.posted != nil || p.location != nil || !strings.HasPrefix(p.header.Get("X-Fault"), "CH-160") {
				t.Errorf("answered %d %s %v", p.status, p.header.Get("X-Fault"), p.location)
			}
			t.Run("as the Redirect binding's document", func(t *testing.T) {
				q := "SAMLRequest=" + escaped(format.EncodeRedirect([]byte(doc)))
				if p := r.browser().get(saml.PathSSO + "?" + q); p.posted != nil || p.location != nil {
					t.Errorf("answered %d %s %v", p.status, p.header.Get("X-Fault"), p.location)
				}
			})
		})
	}
}

// wrapped puts a signature and what it signs into a forged request.
func wrapped(n int, forged ask, signature, bare, signed string) string {
	inSignature := strings.Replace(signature, "</Signature>", "<Object>"+bare+"</Object></Signature>", 1)
	switch n {
	case 1: // the genuine request inside the signature, which stands where it belongs
		forged.Inside = inSignature
	case 2: // beside a detached signature
		forged.Inside = signature + bare
	case 3: // the forged one first, the genuine one after it, both under one root
		return `<samlp:Extensions xmlns:samlp="` + format.NSProtocol + `" ID="` + forged.ID + `">` + forged.xml() + signed + `</samlp:Extensions>`
	case 4: // the genuine one, whole, as a child of the forged one
		forged.Inside = signed
	case 5: // the forged one carries the signature; the genuine one, without it, comes last
		forged.Inside = signature
		return strings.Replace(forged.xml(), "</samlp:AuthnRequest>", bare+"</samlp:AuthnRequest>", 1)
	case 6: // the genuine one inside a signature that the forged one carries, twice removed
		forged.Inside = `<samlp:Extensions>` + inSignature + `</samlp:Extensions>`
	case 7: // the genuine one in Extensions, where any element may stand
		forged.Inside = `<samlp:Extensions>` + signed + `</samlp:Extensions>` + signature
	case 8: // the same ID twice: whoever looks it up finds one, whoever reads the root the other
		id := between(signed, ` ID="`, `"`)
		forged.ID = id
		forged.Inside = strings.Replace(signature, "</Signature>", "<Object>"+strings.Replace(bare, "AuthnRequest", "AuthnRequest x=\"y\"", 1)+"</Object></Signature>", 1)
	}
	return forged.xml()
}

func between(s, from, to string) string {
	_, rest, _ := strings.Cut(s, from)
	found, _, _ := strings.Cut(rest, to)
	return found
}
