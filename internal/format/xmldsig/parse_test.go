package xmldsig

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

func TestParse_refuses(t *testing.T) {
	many := func(n int, f string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, f, i)
		}
		return b.String()
	}
	lol := `<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]><r>&c;</r>`
	for _, c := range []struct {
		name, doc string
		want      Reason
	}{
		{"nothing", "", ReasonMalformed},
		{"white space", " \n", ReasonMalformed},
		{"text", "SAML", ReasonMalformed},
		{"JSON", `{"a":1}`, ReasonMalformed},
		{"a start alone", "<r>", ReasonMalformed},
		{"an end alone", "</r>", ReasonMalformed},
		{"a cut tag", "<r a='", ReasonMalformed},
		{"a cut end tag", "<r></r", ReasonMalformed},
		{"crossed tags", "<r><a></r></a>", ReasonMalformed},
		{"ends by another prefix", "<p:r xmlns:p='urn:p' xmlns:q='urn:p'></q:r>", ReasonMalformed},
		{"two roots", "<r/><r/>", ReasonMalformed},
		{"text before", "x<r/>", ReasonMalformed},
		{"text behind", "<r/>x", ReasonMalformed},
		{"CDATA outside", "<![CDATA[ ]]><r/>", ReasonMalformed},
		{"cut CDATA", "<r><![CDATA[", ReasonMalformed},
		{"]]> in text", "<r>]]></r>", ReasonMalformed},
		{"attribute without quotes", "<r a=1/>", ReasonMalformed},
		{"attribute without value", "<r a/>", ReasonMalformed},
		{"attribute twice", "<r a='1' a='2'/>", ReasonMalformed},
		{"attribute twice by namespace", "<r xmlns:p='urn:p' xmlns:q='urn:p' p:a='1' q:a='2'/>", ReasonMalformed},
		{"tag in an attribute", "<r a='<b>'/>", ReasonMalformed},
		{"tag in a tag", "<r <b/>", ReasonMalformed},
		{"undeclared element prefix", "<p:r/>", ReasonMalformed},
		{"undeclared attribute prefix", "<r p:a='1'/>", ReasonMalformed},
		{"prefix out of scope", "<r><a xmlns:p='urn:p'/><p:b/></r>", ReasonMalformed},
		{"prefix bound to nothing", "<r xmlns:p=''/>", ReasonMalformed},
		{"xmlns as prefix", "<xmlns:r/>", ReasonMalformed},
		{"xmlns declared", "<r xmlns:xmlns='urn:x'/>", ReasonMalformed},
		{"xml bound elsewhere", "<r xmlns:xml='urn:x'/>", ReasonMalformed},
		{"another prefix for xml", "<r xmlns:x='http://www.w3.org/XML/1998/namespace'/>", ReasonMalformed},
		{"xml as default", "<r xmlns='http://www.w3.org/XML/1998/namespace'/>", ReasonMalformed},
		{"two colons", "<a:b:c xmlns:a='urn:a'/>", ReasonMalformed},
		{"colon first", "<:r/>", ReasonMalformed},
		{"colon last", "<r:/>", ReasonMalformed},
		{"attribute colon first", "<r :a='1'/>", ReasonMalformed},
		{"attribute colon last", "<r a:='1'/>", ReasonMalformed},
		{"local name begins with a digit", "<p:1r xmlns:p='urn:p'/>", ReasonMalformed},
		{"character below space", "<r>\x01</r>", ReasonMalformed},
		{"reference to no character", "<r>&#0;</r>", ReasonMalformed},
		{"reference to half a character", "<r>&#xD800;</r>", ReasonMalformed},
		{"reference beyond Unicode", "<r>&#x110000;</r>", ReasonMalformed},
		{"reference without number", "<r>&#;</r>", ReasonMalformed},
		{"reference without end", "<r>&amp</r>", ReasonEntity},
		{"ampersand alone", "<r>a & b</r>", ReasonEntity},
		{"unknown entity", "<r>&nbsp;</r>", ReasonEntity},
		{"unknown entity in an attribute", "<r a='&e;'/>", ReasonEntity},
		{"DTD", "<!DOCTYPE r><r/>", ReasonDTD},
		{"DTD, outside file", `<!DOCTYPE r SYSTEM "file:///etc/passwd"><r/>`, ReasonDTD},
		{"entities of entities", lol, ReasonDTD},
		{"DTD inside", "<r><!ENTITY a 'b'></r>", ReasonDTD},
		{"processing instruction", "<?php 1?><r/>", ReasonInstruction},
		{"stylesheet", `<?xml version="1.0"?><?xml-stylesheet href="x"?><r/>`, ReasonInstruction},
		{"declaration not at the start", ` <?xml version="1.0"?><r/>`, ReasonInstruction},
		{"two declarations", `<?xml version="1.0"?><?xml version="1.0"?><r/>`, ReasonInstruction},
		{"XML 1.1", `<?xml version="1.1"?><r/>`, ReasonMalformed},
		{"declaration without version", `<?xml encoding="utf-8"?><r/>`, ReasonMalformed},
		{"declaration without end", `<?xml version="1.0"`, ReasonMalformed},
		{"comment", "<r>a<!-- -->b</r>", ReasonComment},
		{"comment before the root", "<!-- a --><r/>", ReasonComment},
		{"Latin-1 declared", `<?xml version="1.0" encoding="ISO-8859-1"?><r/>`, ReasonEncoding},
		{"UTF-7 declared", `<?xml version="1.0" encoding='UTF-7'?><r/>`, ReasonEncoding},
		{"UTF-16 declared", `<?xml version="1.0" encoding="UTF-16"?><r/>`, ReasonEncoding},
		{"UTF-16 sent", "\xff\xfe<\x00r\x00/\x00>\x00", ReasonEncoding},
		{"Latin-1 sent", "<r>Jo\xe3o</r>", ReasonEncoding},
		{"overlong UTF-8", "<r>\xc0\xbc</r>", ReasonEncoding},
		{"half a character sent", "<r>\xed\xa0\x80</r>", ReasonEncoding},
		{"33 deep", strings.Repeat("<a>", 33) + strings.Repeat("</a>", 33), ReasonTooLarge},
		{"a hundred thousand deep, unclosed", strings.Repeat("<a>", 80000), ReasonTooLarge},
		{"4097 elements", "<r>" + strings.Repeat("<a/>", 4096) + "</r>", ReasonTooLarge},
		{"65 attributes", "<r " + many(65, "a%d='' ") + "/>", ReasonTooLarge},
		{"ten thousand attributes", "<r " + many(10000, "a%d='' ") + "/>", ReasonTooLarge},
		{"129 namespaces", strings.Repeat("<a "+many(33, "xmlns:p%d='urn:p' ")+">", 4) + strings.Repeat("</a>", 4), ReasonTooLarge},
		{"10 MB", "<r>" + strings.Repeat("a", 10<<20) + "</r>", ReasonTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			root, err := Parse([]byte(c.doc), DefaultLimits())
			if reasonOf(err) != c.want || root != nil {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

func TestParse_accepts(t *testing.T) {
	for _, c := range []struct{ name, doc, want string }{ // want is the exclusive canonical form
		{"plain", "<r/>", "<r></r>"},
		{"byte-order mark and declaration", "\ufeff<?xml version='1.0' encoding='Utf-8' standalone='yes' ?>\r\n<r/>\n", "<r></r>"},
		{"declaration over lines", "<?xml\n version = \"1.0\"\n encoding=\"UTF-8\"?><r/>", "<r></r>"},
		{"the five entities and numbers", "<r a='&lt;&quot;&apos;&#65;&#x42;'>&amp;&gt;&#x1F600;</r>", `<r a="&lt;&quot;'AB">&amp;&gt;😀</r>`},
		{"line ends", "<r>a\r\nb\rc</r>", "<r>a\nb\nc</r>"},
		{"line ends as references stay", "<r a='&#13;&#10;&#9;'>&#13;</r>", `<r a="&#xD;&#xA;&#x9;">&#xD;</r>`},
		{"line ends inside attributes are spaces", "<r a='1\r\n2\n3\t4\r5'/>", `<r a="1 2 3 4 5"></r>`},
		{"CDATA is text", "<r>a<![CDATA[<b>&amp;\n]]>c</r>", "<r>a&lt;b&gt;&amp;amp;\nc</r>"},
		{"> in an attribute", "<r a='>'/>", `<r a=">"></r>`},
		{"declared xml prefix", "<r xmlns:xml='http://www.w3.org/XML/1998/namespace' xml:lang='pt'/>", `<r xml:lang="pt"></r>`},
		{"default namespace undone", "<r xmlns='urn:a'><s xmlns=''/></r>", `<r xmlns="urn:a"><s xmlns=""></s></r>`},
		{"default namespace undone for nothing", "<r><s xmlns=''/></r>", `<r><s></s></r>`},
		{"one name with and without prefix", "<r xmlns='urn:a' xmlns:p='urn:a' a='1' p:a='2'/>", `<r xmlns="urn:a" xmlns:p="urn:a" a="1" p:a="2"></r>`},
		{"names beyond ASCII", "<São é='1'/>", `<São é="1"></São>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			root, err := Parse([]byte(c.doc), DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			got, err := canonical(root, form{}, nil, canonicalLimit)
			if err != nil || string(got) != c.want {
				t.Errorf("%s %v, want %s", got, err, c.want)
			}
		})
	}
}

func TestParse_joins_the_text_around_a_comment_where_comments_are_allowed(t *testing.T) {
	l := DefaultLimits()
	l.Comments = true
	root, err := Parse([]byte("<!-- kept by hand --><r>https://sp.example.test<!-- a -->.evil.test</r><!-- - -->"), l)
	if err != nil || Text(root) != "https://sp.example.test.evil.test" {
		t.Errorf("%q %v", Text(root), err)
	}
	for _, doc := range []string{"<r><!-- a -- b --></r>", "<r><!-- a --->", "<r><!--", "<r><!-- --", "<!-->", "<r>&am<!-- -->p;</r>"} {
		if _, err := Parse([]byte(doc), l); err == nil {
			t.Errorf("%s was accepted", doc)
		}
	}
}

func TestParse_helpers_read_by_namespace(t *testing.T) {
	root, err := Parse([]byte(`<a:r xmlns:a="urn:a" xmlns="urn:b" x="0" a:x="1"><x>b</x><a:x> 1<a:y>9</a:y>2 </a:x><a:x/><x xmlns="">none</x></a:r>`), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if Text(Child(root, "urn:a", "x")) != "12" || Text(Child(root, "urn:b", "x")) != "b" || Text(Child(root, "", "x")) != "none" || Child(root, "urn:c", "x") != nil {
		t.Error("Child")
	}
	if len(Children(root, "urn:a", "x")) != 2 || Children(nil, "", "x") != nil || Child(nil, "", "x") != nil || Text(nil) != "" || Attr(nil, "x") != "" || Is(nil, "", "") {
		t.Error("Children, nil")
	}
	if v, ok := AttrNS(root, "urn:a", "x"); Attr(root, "x") != "0" || !ok || v != "1" || Attr(root, "xmlns") != "urn:b" {
		t.Error("Attr")
	}
	if _, ok := AttrNS(root, "urn:b", "x"); ok {
		t.Error("the default namespace is none for attributes")
	}
}

// Refusals must not cost memory in proportion to what was promised, sent or nested.
func TestParse_refuses_in_bounded_memory(t *testing.T) {
	attributes := "<r " + strings.Repeat("a='' ", 50000) + "/>"
	entities := "<r>" + strings.Repeat("&a;", 80000) + "</r>"
	for _, c := range []struct {
		name, doc string
		limit     uint64
	}{
		{"10 MB body", "<r>" + strings.Repeat("<a/>", 10<<18) + "</r>", 4 << 10},
		{"fifty thousand attributes", attributes, 300 << 10},
		{"eighty thousand deep", strings.Repeat("<a>", 80000), 300 << 10},
		{"sixty thousand elements", "<r>" + strings.Repeat("<a/>", 60000) + "</r>", 300 << 10},
		{"entities", entities, 300 << 10},
		{"DTD", "<!DOCTYPE r [" + strings.Repeat("<!ENTITY a 'b'>", 10000) + "]><r/>", 300 << 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc := []byte(c.doc)
			if got := allocated(func() {
				if _, err := Parse(doc, DefaultLimits()); err == nil {
					t.Error("accepted")
				}
			}); got > c.limit {
				t.Errorf("%d octets allocated, at most %d expected", got, c.limit)
			}
		})
	}
	t.Run("the largest document that is accepted", func(t *testing.T) {
		doc := []byte("<r>" + strings.Repeat(`<a b="`+strings.Repeat("x", 50)+`"/>`, 4095) + "</r>")
		got := allocated(func() {
			if _, err := Parse(doc, DefaultLimits()); err != nil {
				t.Error(err)
			}
		})
		t.Logf("%d octets allocated for %d", got, len(doc))
		if got > 4<<20 {
			t.Errorf("%d octets allocated", got)
		}
	})
}

// One long namespace name that thousands of elements need would make hundreds of megabytes of canonical octets.
func TestCanonical_octets_are_bounded(t *testing.T) {
	doc := `<r xmlns:p="` + strings.Repeat("u", 200<<10) + `">` + strings.Repeat("<p:a/>", 4000) + `</r>`
	root, err := Parse([]byte(doc), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if got := allocated(func() { _, err = canonical(root, form{}, nil, canonicalLimit) }); reasonOf(err) != ReasonTooLarge || got > 8<<20 {
		t.Errorf("%v, %d octets allocated", err, got)
	}
}

func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
