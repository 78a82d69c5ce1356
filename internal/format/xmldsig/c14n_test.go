package xmldsig

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"github.com/beevik/etree"
	goxmldsig "github.com/russellhaering/goxmldsig"
)

// documents with something in them that a canonical form can get wrong.
var canonicalDocuments = []struct {
	name, doc string
	not       string // why goxmldsig is no oracle: for the exclusive form or, if it orders otherwise, for both
}{
	{"nothing", `<r/>`, ""},
	{"unused declarations", `<r xmlns:a="urn:a" xmlns:b="urn:b"><a:x xmlns:b="urn:b"/><y xmlns:c="urn:c"/></r>`, ""},
	{"declarations used twice", `<r xmlns:a="urn:a"><a:x/><a:x><a:y/></a:x></r>`, ""},
	{"a prefix that changes its meaning", `<a:r xmlns:a="urn:1"><a:x xmlns:a="urn:2"><a:y xmlns:a="urn:1"/></a:x></a:r>`, ""},
	{"default that changes its meaning", `<r xmlns="urn:1"><x xmlns="urn:2"><y xmlns="urn:1"/></x></r>`, ""},
	{"default that ends", `<r xmlns="urn:1"><x xmlns=""><y xmlns=""/><z xmlns="urn:1"/></x></r>`, ""},
	{"default that ends before it was written", `<p:r xmlns:p="urn:p" xmlns="urn:1"><x xmlns=""/></p:r>`, "writes xmlns=\"\" without need"},
	{"no default to end", `<r><x xmlns=""/></r>`, "writes xmlns=\"\" without need"},
	{"attributes out of order", `<r c="3" b="2" a="1" xmlns:z="urn:1" xmlns:y="urn:2" y:b="5" z:b="4" z:a="6"/>`, ""},
	{"xml attributes among others", `<r xmlns:z="urn:1" z:a="6" xml:lang="pt" b="1"/>`, "orders xml attributes last"},
	{"attributes by name space, not by prefix", `<r xmlns:a="urn:z" xmlns:b="urn:a" a:x="1" b:x="2"/>`, ""},
	{"prefix used by an attribute alone", `<r xmlns:a="urn:a"><x a:b="1"/><x a:b="2"/></r>`, ""},
	{"characters", "<r a='&lt;&amp;&quot;&apos;&gt;&#9;&#10;&#13;'>&lt;&amp;&gt;\"'&#13;\t\n</r>", ""},
	{"text everywhere", "<r> a <x> b </x> c\n<y/> </r>", ""},
	{"beyond ASCII", "<r é='ã'>ç<ñ/>😀</r>", ""},
	{"xml attributes", `<r xml:lang="pt" xml:space="preserve"><x xml:lang="en"><y/></x></r>`, ""},
	{"CDATA", `<r><![CDATA[<&>]]></r>`, ""},
}

// libxml2 is the oracle for both forms.
func TestCanonical_agrees_with_libxml2(t *testing.T) {
	xmllint := program(t, "xmllint")
	for _, c := range canonicalDocuments {
		for flag, f := range map[string]form{"--c14n": {inclusive: true}, "--exc-c14n": {}} {
			t.Run(c.name+" "+flag, func(t *testing.T) {
				run := exec.CommandContext(t.Context(), xmllint, flag, "-")
				run.Stdin = strings.NewReader(c.doc)
				want, err := run.Output()
				if err != nil {
					t.Fatal(err)
				}
				if got := canonicalText(t, c.doc, f); got != string(want) {
					t.Errorf("%s\nwant\n%s", got, want)
				}
			})
		}
	}
}

// goxmldsig is the second oracle, where doc.go's reasons against it do not apply.
func TestCanonical_agrees_with_goxmldsig(t *testing.T) {
	list := canonicalDocuments
	for _, name := range []string{"A", "B", "C", "D", "E"} {
		list = append(list, struct{ name, doc, not string }{name, file(t, name+".xml"), ""})
	}
	for _, c := range list {
		t.Run(c.name, func(t *testing.T) {
			read := func() *etree.Element {
				root, err := Parse([]byte(c.doc), DefaultLimits())
				if err != nil {
					t.Fatal(err)
				}
				return root
			}
			want, err := goxmldsig.MakeC14N10RecCanonicalizer().Canonicalize(read())
			if err != nil {
				t.Fatal(err)
			}
			if got := canonicalText(t, c.doc, form{inclusive: true}); (got == string(want)) == strings.HasPrefix(c.not, "orders") {
				t.Errorf("inclusive: %s\nwant\n%s", got, want)
			}
			want, err = goxmldsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("").Canonicalize(read())
			if err != nil {
				t.Fatal(err)
			}
			if got := canonicalText(t, c.doc, form{}); (got == string(want)) == (c.not != "") {
				t.Errorf("exclusive: %s\nwant\n%s\n%s", got, want, c.not)
			}
		})
	}
}

func canonicalText(t *testing.T, doc string, f form) string {
	root, err := Parse([]byte(doc), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	got, err := canonical(root, f, nil, canonicalLimit)
	if err != nil {
		t.Fatal(err)
	}
	return string(got)
}

// What an element inside a document takes over from what is around it (Canonical XML 1.0 §2.4, Exclusive XML Canonicalization §3).
func TestCanonical_in_place(t *testing.T) {
	doc := `<r xmlns="urn:d" xmlns:a="urn:a" xmlns:b="urn:b" xml:lang="pt" xml:space="default" x="0"><m xml:lang="en" xmlns:b="urn:c"><a:s y="1"><t/></a:s></m></r>`
	for _, c := range []struct {
		name string
		form form
		want string
	}{
		{"inclusive takes all declarations and xml attributes", form{inclusive: true}, `<a:s xmlns="urn:d" xmlns:a="urn:a" xmlns:b="urn:c" y="1" xml:lang="en" xml:space="default"><t></t></a:s>`},
		{"exclusive takes what is used", form{}, `<a:s xmlns:a="urn:a" y="1"><t xmlns="urn:d"></t></a:s>`},
		{"the listed prefixes too", form{prefixes: []string{"b", "unknown", "xml"}}, `<a:s xmlns:a="urn:a" xmlns:b="urn:c" y="1"><t xmlns="urn:d"></t></a:s>`},
		{"#default too", form{prefixes: []string{""}}, `<a:s xmlns="urn:d" xmlns:a="urn:a" y="1"><t></t></a:s>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			root, err := Parse([]byte(doc), DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			got, err := canonical(Child(Child(root, "urn:d", "m"), "urn:a", "s"), c.form, nil, canonicalLimit)
			if err != nil || string(got) != c.want {
				t.Errorf("%s %v\nwant\n%s", got, err, c.want)
			}
		})
	}
}

// A canonical form is its own canonical form; otherwise what is read again would not be what was signed.
func TestCanonical_form_is_stable(t *testing.T) {
	for _, c := range canonicalDocuments {
		once := canonicalText(t, c.doc, form{})
		if twice := canonicalText(t, once, form{}); !bytes.Equal([]byte(once), []byte(twice)) {
			t.Errorf("%s: %s, then %s", c.name, once, twice)
		}
	}
}
