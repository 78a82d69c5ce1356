package xmldsig

import (
	"bytes"
	"crypto"
	"strings"
	"testing"
)

func seeds(f *testing.F) {
	for _, name := range []string{"A.xml", "B.xml", "C.xml", "D.xml", "E.xml", "template.xml"} {
		f.Add([]byte(file(f, name)))
	}
	for _, v := range vectors(f) {
		f.Add([]byte(v.document))
	}
	for _, c := range canonicalDocuments {
		f.Add([]byte(c.doc))
	}
	for _, s := range []string{
		"", "<", "<!", "<!--", "<![CDATA[", "</", "<a", "<a/", "<a b", "<a b='", "&", "&#", "&#x;", "\ufeff", "<?xml", `<?xml version="1.0"?>`,
		"<:a/>", "<a:/>", "<a:b:c/>", "<a xmlns:xmlns='x'/>", "<a xmlns:xml='x'/>", "<a>]]></a>", "<a b='\r\n'/>", "<a><![CDATA[]]]]><![CDATA[>]]></a>",
	} {
		f.Add([]byte(s))
	}
}

// What Parse accepts has one reading: its canonical form is accepted too, and is its own canonical form, inclusive and exclusive.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, doc []byte) {
		for _, comments := range []bool{false, true} {
			l := DefaultLimits()
			l.Comments = comments
			root, err := Parse(doc, l)
			if err != nil {
				if reasonOf(err)[0] == '?' {
					t.Fatalf("%T: %v", err, err)
				}
				continue
			}
			for _, form := range []form{{}, {inclusive: true}, {prefixes: []string{"", "a"}}} {
				once, err := canonical(root, form, nil, canonicalLimit)
				if err != nil {
					if reasonOf(err) != ReasonTooLarge {
						t.Fatal(err)
					}
					continue
				}
				again, err := Parse(once, Limits{Bytes: len(once), Depth: 32, Elements: 4096, Attributes: 200})
				if err != nil {
					t.Fatalf("%q is refused as %v", once, err)
				}
				twice, err := canonical(again, form, nil, canonicalLimit)
				if err != nil || !bytes.Equal(once, twice) {
					t.Fatalf("%q, then %q, %v", once, twice, err)
				}
			}
		}
	})
}

// No input verifies under a key that did not sign it, and none makes verification panic; with the right keys the vectors may
// vary only where nothing is signed, so what is read stays what was signed.
func FuzzVerify(f *testing.F) {
	seeds(f)
	keys := vectorKeys(f)
	var signed []string // the canonical roots that the vectors' key signed
	for _, v := range vectors(f) {
		got, err := check(v.document, Policy{SHA1: true}, keys...)
		if err != nil {
			f.Fatal(err)
		}
		signed = append(signed, dump(got))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		root, err := Parse(doc, DefaultLimits())
		if err != nil {
			return
		}
		got, err := Verify(root, keys, Policy{SHA1: true})
		if err != nil {
			return
		}
		for _, s := range signed {
			if dump(got) == s {
				return
			}
		}
		t.Fatalf("verified what was never signed: %s", dump(got))
	})
}

// What we sign is what we verify, whatever the document.
func FuzzSign(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, doc []byte) {
		for _, inclusive := range []bool{false, true} {
			out, err := Signer{Key: p256(), Profile: Profile{Inclusive: inclusive, Hash: crypto.SHA384}}.Sign(doc)
			if err != nil {
				continue
			}
			start, rest, _ := strings.Cut(string(out), `<Signature xmlns="`+dsig+`"><SignedInfo><CanonicalizationMethod`)
			if _, end, _ := strings.Cut(rest, "</Signature>"); start+end != string(doc) {
				t.Fatalf("something else changed: %q", out)
			}
			root, err := Parse(out, Limits{Bytes: len(out), Depth: 64, Elements: 1 << 15, Attributes: 64})
			if err != nil {
				t.Fatal(err)
			}
			switch _, err := Verify(root, public(p256()), Policy{}); reasonOf(err) {
			case "", ReasonDuplicateID, ReasonSignatureRepeated: // signing is for documents of our own, which have neither
			default:
				t.Fatalf("%v: %q", err, out)
			}
		}
	})
}
