package saml

import (
	"bytes"
	"crypto/rand"
	"regexp"
	"strings"
	"testing"
	"time"

	"chave/internal/format/xmldsig"
)

func TestParseAuthnRequest_reads_vector_A(t *testing.T) {
	m, err := ParseAuthnRequest(parse(t, vectorFile(t, "A.xml")))
	if err != nil {
		t.Fatal(err)
	}
	if m.ID != "_5f1c2a4e-7d0b-4c1e-9a35-2b6f0d1e8c77" || m.Version != "2.0" || m.Issuer != "https://sp.example.test" || m.IssuerFormat != "" ||
		!m.IssueInstant.Equal(time.Date(2026, 1, 15, 10, 20, 30, 123456700, time.UTC)) || m.Destination != "https://fa.example.test/fa/Default.aspx" ||
		m.Consent != ConsentUnspecified || m.ProtocolBinding != BindingPOST || m.AssertionConsumerServiceURL != "https://sp.example.test/acs" || m.ProviderName != "Portal de Exemplo" {
		t.Errorf("%+v", m)
	}
	if m.ForceAuthn || m.IsPassive || m.AssertionConsumerServiceIndex != nil || m.AttributeConsumingServiceIndex != nil || m.NameIDPolicy != nil || m.RequestedAuthnContext != nil || m.Subject != nil || m.OtherSubject {
		t.Errorf("read what is not there: %+v", m)
	}
	if xmldsig.Text(xmldsig.Child(m.Extensions, "http://autenticacao.cartaodecidadao.pt/atributos", "FAAALevel")) != "3" {
		t.Error("Extensions")
	}
}

// Other prefixes, another order, everything the schema offers.
func TestParseAuthnRequest_reads_by_name_and_not_by_position(t *testing.T) {
	m, err := ParseAuthnRequest(parse(t, `<q:AuthnRequest xmlns:q="`+NSProtocol+`" xmlns:a="`+NSAssertion+`" x:ID="no" xmlns:x="urn:x" Issuer="no" AttributeConsumingServiceIndex="7" AssertionConsumerServiceIndex=""
	 ForceAuthn=" true " IsPassive="1" IssueInstant="2026-01-15T12:20:30+02:00" ID="a.b-c_1" Version="1.1"><q:Scoping/><x:Issuer>no</x:Issuer>
	 <q:RequestedAuthnContext Comparison="minimum"><a:AuthnContextClassRef> urn:c1 </a:AuthnContextClassRef><a:AuthnContextClassRef>urn:c2</a:AuthnContextClassRef></q:RequestedAuthnContext>
	 <q:NameIDPolicy Format="" AllowCreate="false" SPNameQualifier="s"/>
	 <a:Subject><a:NameID Format="urn:f" NameQualifier="n" SPNameQualifier="s" SPProvidedID="p">`+"\n"+` abc </a:NameID><a:SubjectConfirmation/></a:Subject>
	 <a:Issuer Format="urn:i">
	   https://sp.example.test
	 </a:Issuer></q:AuthnRequest>`))
	if err != nil {
		t.Fatal(err)
	}
	if m.ID != "a.b-c_1" || m.Version != "1.1" || m.Issuer != "https://sp.example.test" || m.IssuerFormat != "urn:i" || !m.ForceAuthn || !m.IsPassive ||
		*m.AttributeConsumingServiceIndex != "7" || *m.AssertionConsumerServiceIndex != "" || m.IssueInstant.Hour() != 10 || m.Extensions != nil {
		t.Errorf("%+v", m)
	}
	if p := m.NameIDPolicy; p == nil || *p != (NameIDPolicy{SPNameQualifier: "s"}) {
		t.Errorf("%+v", p)
	}
	if c := m.RequestedAuthnContext; c == nil || c.Comparison != "minimum" || strings.Join(c.ClassRefs, " ") != "urn:c1 urn:c2" || c.DeclRefs != nil {
		t.Errorf("%+v", c)
	}
	if s := m.Subject; s == nil || *s != (NameID{"abc", "urn:f", "n", "s", "p"}) {
		t.Errorf("%+v", s)
	}
}

func TestParse_refuses_malformed_messages_and_still_says_what_it_read(t *testing.T) {
	const head = `<AuthnRequest xmlns="` + NSProtocol + `" xmlns:a="` + NSAssertion + `" `
	const attributes = `ID="_1" Version="2.0" IssueInstant="2026-01-15T10:20:30Z" AssertionConsumerServiceURL="https://sp.example.test/acs" `
	const issuer = `<a:Issuer>https://sp.example.test</a:Issuer>`
	for _, c := range []struct {
		name, attributes, inside string
		want                     Reason
	}{
		{"good", attributes, issuer, ""},
		{"no ID", strings.Replace(attributes, `ID="_1"`, "", 1), issuer, ReasonID},
		{"an ID that is no name", strings.Replace(attributes, "_1", "1", 1), issuer, ReasonID},
		{"an ID with a colon", strings.Replace(attributes, "_1", "a:1", 1), issuer, ReasonID},
		{"an ID with a line break", strings.Replace(attributes, "_1", "_1&#10;x", 1), issuer, ReasonID},
		{"an endless ID", strings.Replace(attributes, "_1", strings.Repeat("a", 257), 1), issuer, ReasonID},
		{"no instant", strings.Replace(attributes, "IssueInstant", "Issued", 1), issuer, ReasonInstant},
		{"an instant that is none", strings.Replace(attributes, "T10", " 10", 1), issuer, ReasonInstant},
		{"no issuer", attributes, "", ReasonIssuer},
		{"an empty issuer", attributes, "<a:Issuer> </a:Issuer>", ReasonIssuer},
		{"an issuer with something inside", attributes, "<a:Issuer>https://sp<b/>.example.test</a:Issuer>", ReasonIssuer},
		{"an issuer of another namespace", attributes, "<Issuer>https://sp.example.test</Issuer>", ReasonIssuer},
		{"two issuers", attributes, issuer + issuer, ReasonRepeated},
		{"two extensions", attributes, issuer + "<Extensions/><Extensions/>", ReasonRepeated},
		{"two name id policies", attributes, issuer + "<NameIDPolicy/><NameIDPolicy/>", ReasonRepeated},
		{"two subjects", attributes, issuer + "<a:Subject/><a:Subject/>", ReasonRepeated},
		{"force perhaps", attributes + `ForceAuthn="perhaps"`, issuer, ReasonValue},
		{"passive nothing", attributes + `IsPassive=""`, issuer, ReasonValue},
		{"create TRUE", attributes, issuer + `<NameIDPolicy AllowCreate="TRUE"/>`, ReasonValue},
		{"unknown comparison", attributes, issuer + `<RequestedAuthnContext Comparison="worse"><a:AuthnContextClassRef>c</a:AuthnContextClassRef></RequestedAuthnContext>`, ReasonValue},
		{"empty context", attributes, issuer + `<RequestedAuthnContext/>`, ReasonValue},
		{"classes and declarations", attributes, issuer + `<RequestedAuthnContext><a:AuthnContextClassRef>c</a:AuthnContextClassRef><a:AuthnContextDeclRef>d</a:AuthnContextDeclRef></RequestedAuthnContext>`, ReasonValue},
		{"a name id with something inside", attributes, issuer + `<a:Subject><a:NameID>x<b/></a:NameID></a:Subject>`, ReasonValue},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := ParseAuthnRequest(parse(t, head+c.attributes+">"+c.inside+"</AuthnRequest>"))
			if reasonOf(err) != c.want {
				t.Errorf("%v, want %q", err, c.want)
			}
			if m.AssertionConsumerServiceURL != "https://sp.example.test/acs" {
				t.Error("what could be read was lost")
			}
			if c.want == ReasonID && m.ID != "" || c.want == ReasonIssuer && m.Issuer != "" {
				t.Errorf("%+v", m)
			}
		})
	}
	for _, doc := range []string{"<AuthnRequest/>", `<AuthnRequest xmlns="` + NSAssertion + `"/>`, vectorFile(t, "B.xml"), vectorFile(t, "D.xml")} {
		if _, err := ParseAuthnRequest(parse(t, doc)); reasonOf(err) != ReasonRoot {
			t.Error(err)
		}
	}
	if _, err := ParseAuthnRequest(nil); reasonOf(err) != ReasonRoot {
		t.Error(err)
	}
}

func TestParseAuthnRequest_tells_a_subject_that_names_nobody(t *testing.T) {
	a := strings.Replace(vectorFile(t, "A.xml"), "<Extensions>", `<Subject xmlns="`+NSAssertion+`"><EncryptedID/></Subject><Extensions>`, 1)
	if m, err := ParseAuthnRequest(parse(t, a)); err != nil || m.Subject != nil || !m.OtherSubject {
		t.Errorf("%v %+v", err, m)
	}
}

// Vector D and the two further forms that §4.2 asks for.
func TestParseLogoutRequest_reads_vector_D(t *testing.T) {
	d := vectorFile(t, "D.xml")
	for _, c := range []struct {
		name, doc, nameID string
	}{
		{"as it is", d, NameIDUnspecified},
		{"Extensions in no namespace", strings.Replace(d, "<Extensions>", `<Extensions xmlns="">`, 1), NameIDUnspecified},
		{"Extensions in a namespace of its own", strings.Replace(strings.Replace(d, "<Extensions>", `<x:Extensions xmlns:x="urn:x">`, 1), "</Extensions>", "</x:Extensions>", 1), NameIDUnspecified},
		{"empty NameID", strings.Replace(d, ">"+NameIDUnspecified+"<", "><", 1), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := ParseLogoutRequest(parse(t, c.doc))
			if err != nil {
				t.Fatal(err)
			}
			if m.Issuer != "https://sp.example.test" || m.Consent != LogoutUser || m.NameID == nil || m.NameID.Value != c.nameID || m.NameID.Format != NameIDUnspecified || !m.NotOnOrAfter.IsZero() || m.Reason != "" {
				t.Errorf("%+v", m)
			}
			if xmldsig.Text(xmldsig.Child(m.Extensions, "http://autenticacao.cartaodecidadao.pt/logout", "LogoutUrl")) != "https://sp.example.test/logged-out" {
				t.Error("LogoutUrl")
			}
		})
	}
}

func TestParseLogoutRequest_reads_what_standard_clients_send(t *testing.T) {
	d := vectorFile(t, "D.xml")
	d = strings.Replace(d, "</LogoutRequest>", "<SessionIndex> s1 </SessionIndex><SessionIndex>s2</SessionIndex></LogoutRequest>", 1)
	d = strings.Replace(d, ` Version="2.0"`, ` Version="2.0" NotOnOrAfter="2026-01-15T11:05:00Z" Reason="`+LogoutUser+`"`, 1)
	m, err := ParseLogoutRequest(parse(t, d))
	if err != nil || strings.Join(m.SessionIndexes, " ") != "s1 s2" || m.NotOnOrAfter.Minute() != 5 || m.Reason != LogoutUser {
		t.Errorf("%v %+v", err, m)
	}
	if _, err := ParseLogoutRequest(parse(t, strings.Replace(d, `11:05:00Z"`, `soon"`, 1))); reasonOf(err) != ReasonInstant {
		t.Error(err)
	}
	from, to := strings.Index(d, "<NameID"), strings.Index(d, "</NameID>")+len("</NameID>")
	if m, err := ParseLogoutRequest(parse(t, d[:from]+d[to:])); err != nil || m.NameID != nil || m.OtherNameID {
		t.Errorf("%v %+v", err, m)
	}
	if m, err := ParseLogoutRequest(parse(t, d[:from]+`<EncryptedID xmlns="`+NSAssertion+`"/>`+d[to:])); err != nil || m.NameID != nil || !m.OtherNameID {
		t.Errorf("%v %+v", err, m)
	}
	if _, err := ParseLogoutRequest(parse(t, vectorFile(t, "A.xml"))); reasonOf(err) != ReasonRoot {
		t.Error(err)
	}
}

func TestParseLogoutResponse_reads_vector_E(t *testing.T) {
	e := vectorFile(t, "E.xml")
	m, err := ParseLogoutResponse(parse(t, e))
	if err != nil || m.InResponseTo != "_e41b6c07-9a52-4d83-8f1c-7b0a5d2e6394" || m.Status != (Status{Code: StatusSuccess}) {
		t.Errorf("%v %+v", err, m)
	}
	e = strings.Replace(e, ` />`, `><StatusCode Value="`+StatusPartialLogout+`"/></StatusCode><StatusMessage>not all</StatusMessage>`, 1)
	if m, err := ParseLogoutResponse(parse(t, e)); err != nil || m.Status != (Status{StatusSuccess, StatusPartialLogout, "not all"}) {
		t.Errorf("%v %+v", err, m)
	}
	if _, err := ParseLogoutResponse(parse(t, strings.ReplaceAll(e, "Status", "State"))); reasonOf(err) != ReasonMissing {
		t.Error(err)
	}
}

func TestParseTime(t *testing.T) {
	for in, want := range map[string]string{
		"2026-01-15T10:20:30Z":              "2026-01-15T10:20:30.0000000Z",
		"2026-01-15T10:20:30.1Z":            "2026-01-15T10:20:30.1000000Z",
		"2026-01-15T10:20:30.1234567Z":      "2026-01-15T10:20:30.1234567Z",
		"2026-01-15T10:20:30.123456789Z":    "2026-01-15T10:20:30.1234567Z",
		"2026-01-15T10:20:30":               "2026-01-15T10:20:30.0000000Z",
		"2026-01-15T10:20:30.5+01:00":       "2026-01-15T09:20:30.5000000Z",
		"2026-01-15T00:20:30-05:30":         "2026-01-15T05:50:30.0000000Z",
		" 2026-01-15T10:20:30Z\n":           "2026-01-15T10:20:30.0000000Z",
		"":                                  "",
		"2026-01-15":                        "",
		"2026-01-15T10:20Z":                 "",
		"2026-01-15 10:20:30Z":              "",
		"2026-1-15T10:20:30Z":               "",
		"2026-01-15T10:20:30,5Z":            "",
		"2026-01-15T10:20:30.Z":             "",
		"2026-01-15T10:20:30.1234567890Z":   "",
		"2026-01-15T10:20:30z":              "",
		"2026-01-15T24:00:00Z":              "",
		"2026-01-15T10:20:60Z":              "",
		"2026-02-30T10:20:30Z":              "",
		"-2026-01-15T10:20:30Z":             "",
		"12026-01-15T10:20:30Z":             "",
		"2026-01-15T10:20:30+99:00":         "",
		"2026-01-15T10:20:30+0100":          "",
		"٢٠٢٦-01-15T10:20:30Z":              "",
		"2026-01-15T10:20:30Z<!-- -->":      "",
		strings.Repeat("2", 1<<16) + "-01-": "",
	} {
		got, err := ParseTime(in)
		if (err != nil) != (want == "") || err == nil && Instant(got) != want {
			t.Errorf("%.60q: %v %v", in, got, err)
		}
	}
	at := time.Date(2026, 1, 15, 11, 21, 5, 432100999, time.FixedZone("", 3600))
	if Instant(at) != "2026-01-15T10:21:05.4321009Z" || Second(at) != "2026-01-15T10:21:05Z" {
		t.Error(Instant(at), Second(at))
	}
}

func TestNewID_is_an_underscore_and_a_random_UUID(t *testing.T) {
	id := NewID(rand.Reader)
	if !regexp.MustCompile(`^_[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) || !xmldsig.IsNCName(id) || id == NewID(rand.Reader) {
		t.Error(id)
	}
	defer func() {
		if recover() == nil {
			t.Error("a source that fails gave an id")
		}
	}()
	NewID(bytes.NewReader(nil))
}

func TestEscape_survives_reading(t *testing.T) {
	for _, s := range []string{"", "Ana & Zé <\"'>", "a\tb\nc\rd", "]]>", "😀\u2028\u00a0", "&amp;"} {
		root := parse(t, `<r a="`+EscapeAttr(s)+`">x`+EscapeText(s)+`x</r>`)
		if got := xmldsig.Attr(root, "a"); got != s {
			t.Errorf("attribute %q became %q", s, got)
		}
		if got := xmldsig.Text(root); got != "x"+s+"x" {
			t.Errorf("text %q became %q", s, got)
		}
	}
	if got := EscapeText("a\x00b\xffc\ufffe\x1b"); got != "a\ufffdb\ufffdc\ufffd\ufffd" {
		t.Errorf("%q", got)
	}
}
