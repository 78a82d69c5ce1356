package xmldsig

import (
	"fmt"
	"strings"
	"testing"
)

// The eight classic ways to wrap a signed element, XSW1 to XSW8 (Somorovsky, Mayer, Schwenk, Kampmann, Jensen: "On Breaking SAML: Be Whoever You
// Want to Be", 2012), on requests and on responses. The signature always holds over what it was made for; what an application
// would read instead is the forged element.

// wrapped is the material of an attack.
type wrapped struct {
	signature string                     // the Signature element, and inside it as the attack needs
	original  string                     // the signed element with its signature in place
	bare      string                     // the signed element without it
	evil      func(inside string) string // the forged element of the same kind, with something put inside it
	outer     func(inside string) string // what encloses them
}

// inSignature puts something into the Signature element.
func (w wrapped) inSignature(s string) string {
	return strings.Replace(w.signature, "</Signature>", s+"</Signature>", 1)
}

func object(s string) string { return "<Object>" + s + "</Object>" }

// attacks are XSW1 to XSW8; the first two wrap a whole message, the others an element inside one.
var attacks = []struct {
	name string
	doc  func(w wrapped) string
}{
	{"XSW1 original inside the signature of the forged root", func(w wrapped) string { return w.evil(w.inSignature(w.bare)) }},
	{"XSW2 original beside the detached signature in the forged root", func(w wrapped) string { return w.evil(w.bare + w.signature) }},
	{"XSW3 forged element before the original", func(w wrapped) string { return w.outer(w.evil("") + w.original) }},
	{"XSW4 original inside the forged element", func(w wrapped) string { return w.outer(w.evil(w.original)) }},
	{"XSW5 signature in the forged element, original behind it", func(w wrapped) string { return w.outer(w.evil(w.signature) + w.bare) }},
	{"XSW6 original inside the signature inside the forged element", func(w wrapped) string { return w.outer(w.evil(w.inSignature(w.bare))) }},
	{"XSW7 forged element under Extensions, before the original", func(w wrapped) string { return w.outer(extensions(w.evil("")) + w.original) }},
	{"XSW8 original inside an Object of the signature inside the forged element", func(w wrapped) string { return w.outer(w.evil(w.inSignature(object(w.bare)))) }},
	// The same with the signature where our rules want it, so that the other rules have to hold.
	{"XSW1 with the original in an Object", func(w wrapped) string { return w.evil(w.inSignature(object(w.bare))) }},
	{"XSW3 with the signature at the outer root", func(w wrapped) string { return w.outer(w.signature + w.evil("") + w.bare) }},
	{"XSW4 with the signature at the outer root", func(w wrapped) string { return w.outer(w.signature + w.evil(w.bare)) }},
	{"XSW7 with the signature at the outer root", func(w wrapped) string { return w.outer(w.signature + extensions(w.evil("")) + w.bare) }},
}

func extensions(s string) string {
	return `<Extensions xmlns="urn:oasis:names:tc:SAML:2.0:protocol">` + s + `</Extensions>`
}

func TestWrapping_XSW1_to_XSW8_are_refused(t *testing.T) {
	request := file(t, "A.xml")
	request = request[strings.Index(request, "<AuthnRequest"):]
	response := file(t, "B.xml")
	_, assertion, _ := strings.Cut(response, "<Assertion ")
	assertion, _, _ = strings.Cut(assertion, "</Assertion>")
	assertion = "<Assertion " + strings.Replace(assertion, `xmlns="urn`, `xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns="urn`, 1) + "</Assertion>"

	for _, kind := range []struct {
		name, element, issuer string
		outer                 string // {} is where the material goes
	}{
		{"request", request, "https://sp.example.test", strings.Replace(request, "</Issuer>", "</Issuer>{}", 1)},
		{"response", response, "https://fa.example.test", strings.Replace(response, "</Issuer>", "</Issuer>{}", 1)},
		{"assertion in a response", assertion, "https://fa.example.test", strings.Replace(response, "<Assertion ", "{}<Assertion ", 1)},
	} {
		// The forged element keeps the signed one's ID, or has one of its own.
		for _, id := range []string{"own ID", "same ID"} {
			w := material(t, kind.element, kind.issuer, kind.outer, id == "same ID")
			for _, a := range attacks {
				t.Run(kind.name+"/"+id+"/"+a.name, func(t *testing.T) {
					doc := a.doc(w)
					if !strings.Contains(doc, "evil.test") || strings.Count(doc, "<SignatureValue>") != 1 {
						t.Fatal("this attacks nothing")
					}
					got, err := check(doc, Policy{SHA1: true}, rsaKey().Public())
					switch reasonOf(err) {
					case ReasonSignatureMisplaced, ReasonSignatureMalformed, ReasonDuplicateID, ReasonReference, ReasonDigest:
					default:
						t.Errorf("%v %+v", err, got)
					}
				})
			}
		}
	}
}

// material signs an element and forges its twin.
func material(t *testing.T, element, issuer, outer string, sameID bool) wrapped {
	signed := sign(t, element, Signer{})
	_, rest, _ := strings.Cut(signed, "<Signature ")
	inside, _, _ := strings.Cut(rest, "</Signature>")
	if _, err := check(signed, Policy{}, rsaKey().Public()); err != nil {
		t.Fatal(err)
	}
	forged := strings.ReplaceAll(element, issuer, "https://evil.test")
	_, id, _ := strings.Cut(element, ` ID="`)
	id, _, _ = strings.Cut(id, `"`)
	if !sameID {
		forged = strings.ReplaceAll(forged, id, "_evil")
		outer = strings.ReplaceAll(outer, id, "_outer")
	}
	return wrapped{
		signature: "<Signature " + inside + "</Signature>",
		original:  signed, bare: element,
		evil:  func(s string) string { return strings.Replace(forged, "</Issuer>", "</Issuer>"+s, 1) },
		outer: func(s string) string { return strings.Replace(outer, "{}", s, 1) },
	}
}

// What a wrapper would need most: that a signed root is read without what was put in beside its signature.
func TestWrapping_nothing_unsigned_can_be_read(t *testing.T) {
	doc := sign(t, file(t, "A.xml"), Signer{})
	for i, place := range []string{"<Extensions>", "</Extensions>", "</AuthnRequest>", "<Signature ", "</Issuer>"} {
		for _, extra := range []string{"x", "<x/>", `<Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">https://evil.test</Issuer>`, " "} {
			t.Run(fmt.Sprint(i, extra), func(t *testing.T) {
				if _, err := check(strings.Replace(doc, place, extra+place, 1), Policy{}, rsaKey().Public()); reasonOf(err) != ReasonDigest {
					t.Error(err)
				}
			})
		}
	}
	for _, place := range []string{"</KeyInfo>", "</SignedInfo>"} { // inside the signature only KeyInfo is free, and nothing reads it
		got, err := check(strings.Replace(sign(t, file(t, "A.xml"), Signer{Certificate: []byte("x")}), place, "<x:evil xmlns:x='urn:x'/>"+place, 1), Policy{}, rsaKey().Public())
		if err == nil && strings.Contains(dump(got), "evil") {
			t.Error("what stood in the signature is in the verified tree")
		}
	}
}

func dump(v Verified) string {
	b, err := canonical(v.Root, form{}, nil, canonicalLimit)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
