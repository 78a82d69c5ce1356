package saml_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	format "chave/internal/format/saml"
	"chave/internal/format/xmldsig"
	"chave/internal/wire/saml"
)

// What a service may be told goes to it, signed, in response to its request.
func TestRefusals_that_the_service_is_told(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		name              string
		change            func(*ask)
		top, second, code string
	}{
		{"another version", func(a *ask) { a.Version = "1.1" }, format.StatusVersionMismatch, "", "CH-1602"},
		{"six minutes old", func(a *ask) { a.At = a.At.Add(-6 * time.Minute) }, format.StatusRequester, format.StatusRequestDenied, "CH-1606"},
		{"six minutes ahead", func(a *ask) { a.At = a.At.Add(6 * time.Minute) }, format.StatusRequester, format.StatusRequestDenied, "CH-1606"},
		{"another destination", func(a *ask) { a.Destination = "https://idp.example/sso" }, format.StatusRequester, format.StatusRequestDenied, "CH-1608"},
		{"no destination", func(a *ask) { a.Destination = "" }, format.StatusRequester, format.StatusRequestDenied, "CH-1608"},
		{"answers by artifact", func(a *ask) { a.Attrs = ` ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"` }, format.StatusRequester, format.StatusUnsupportedBinding, "CH-1609"},
		{"answers by redirect", func(a *ask) { a.Attrs = ` ProtocolBinding="` + format.BindingRedirect + `"` }, format.StatusRequester, format.StatusUnsupportedBinding, "CH-1609"},
		{"a boolean that is none", func(a *ask) { a.Attrs = ` ForceAuthn="perhaps"` }, format.StatusRequester, format.StatusRequestDenied, "CH-1602"},
		{"two policies", func(a *ask) { a.Inside = `<samlp:NameIDPolicy/><samlp:NameIDPolicy/>` }, format.StatusRequester, format.StatusRequestDenied, "CH-1602"},
		{"a name by e-mail address", func(a *ask) { a.Inside = `<samlp:NameIDPolicy Format="` + format.NameIDEmail + `"/>` }, format.StatusRequester, format.StatusInvalidNameIDPolicy, "CH-1609"},
		{"an encrypted name", func(a *ask) {
			a.Inside = `<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:encrypted"/>`
		}, format.StatusRequester, format.StatusInvalidNameIDPolicy, "CH-1609"},
		{"a name for another service", func(a *ask) { a.Inside = `<samlp:NameIDPolicy SPNameQualifier="https://other.example"/>` }, format.StatusRequester, format.StatusInvalidNameIDPolicy, "CH-1609"},
		{"a level beyond reach", func(a *ask) { a.Inside = classRefs("minimum", "urn:chave:level:4") }, format.StatusRequester, format.StatusNoAuthnContext, "CH-1107"},
		{"an unknown context", func(a *ask) { a.Inside = classRefs("exact", "urn:made:up") }, format.StatusRequester, format.StatusNoAuthnContext, "CH-1107"},
		{"a context by declaration", func(a *ask) {
			a.Inside = `<samlp:RequestedAuthnContext><saml:AuthnContextDeclRef>urn:chave:level:3</saml:AuthnContextDeclRef></samlp:RequestedAuthnContext>`
		}, format.StatusRequester, format.StatusNoAuthnContext, "CH-1107"},
		{"a subject by its encryption", func(a *ask) { a.Inside = `<saml:Subject><saml:EncryptedID/></saml:Subject>` }, format.StatusRequester, format.StatusRequestUnsupported, "CH-1609"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := r.ask()
			c.change(&a)
			r.wantRefusal(t, r.browser().begin(r.signed(a.xml()), "st"), a, c.top, c.second, c.code)
			a.ID = format.NewID(rand.Reader)
			p := r.browser().get(saml.PathSSO + "?" + r.query("SAMLRequest", a.xml(), "st"))
			r.wantRefusal(t, p, a, c.top, c.second, c.code)
			if p.posted["RelayState"] != "st" {
				t.Errorf("RelayState came back as %q", p.posted["RelayState"])
			}
		})
	}
	t.Run("RelayState of more than 1000 bytes", func(t *testing.T) {
		a := r.ask()
		p := r.browser().begin(r.signed(a.xml()), strings.Repeat("x", 1001))
		r.wantRefusal(t, p, a, format.StatusRequester, format.StatusRequestDenied, "CH-1006")
		if p.posted["RelayState"] != "" {
			t.Error("it came back")
		}
		b := r.browser()
		b.transaction(b.begin(r.signed(r.ask().xml()), strings.Repeat("x", 1000)))
	})
	t.Run("each is logged once, by its code, without what was sent", func(t *testing.T) {
		a := r.ask()
		a.Version, a.ID = "1.1", "_not-to-be-seen"
		before := r.logged()
		r.browser().begin(r.signed(a.xml()), "nor-this")
		line := strings.TrimPrefix(r.logged(), before)
		if strings.Count(line, "CH-1602") == 0 || strings.Count(line, "\n") != 1 || strings.Contains(line, "not-to-be-seen") || strings.Contains(line, "nor-this") {
			t.Errorf("logged %q", line)
		}
	})
}

// What comes from nobody in particular, or leads nowhere in particular, stays on a page of ours.
func TestRefusals_that_stay_here(t *testing.T) {
	r := newRig(t)
	stranger, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	byStranger := func(doc string) string {
		out, err := xmldsig.Signer{Key: stranger}.Sign([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	changed := func(change func(*ask)) string {
		a := r.ask()
		change(&a)
		return r.signed(a.xml())
	}
	for _, c := range []struct{ name, doc, code string }{
		{"no signature", r.ask().xml(), "CH-1603"},
		{"a stranger's signature", byStranger(r.ask().xml()), "CH-1604"},
		{"a changed byte", strings.Replace(r.signed(r.ask().xml()), `Version="2.0"`, `Version="2.1"`, 1), "CH-1604"},
		{"an issuer nobody registered", changed(func(a *ask) { a.Issuer = "https://nobody.example" }), "CH-1105"},
		{"no issuer", changed(func(a *ask) { a.Issuer = "" }), "CH-1602"},
		{"an address nobody registered", changed(func(a *ask) { a.ACS = ` AssertionConsumerServiceURL="https://evil.example/acs"` }), "CH-1106"},
		{"an address that only begins like one", changed(func(a *ask) { a.ACS = ` AssertionConsumerServiceURL="` + acs + `/"` }), "CH-1106"},
		{"an index nobody registered", changed(func(a *ask) { a.ACS = ` AssertionConsumerServiceIndex="7"` }), "CH-1106"},
		{"an index that is none", changed(func(a *ask) { a.ACS = ` AssertionConsumerServiceIndex="-1"` }), "CH-1602"},
		{"address and index", changed(func(a *ask) { a.ACS += ` AssertionConsumerServiceIndex="0"` }), "CH-1602"},
		{"no ID", strings.Replace(r.ask().xml(), " ID=", " Id=", 1), "CH-1602"},
		{"another message", `<samlp:ManageNameIDRequest xmlns:samlp="` + format.NSProtocol + `" ID="_a"/>`, "CH-1602"},
		{"not XML", "hello", "CH-1601"},
		{"a DTD", `<!DOCTYPE x [<!ENTITY y "z">]>` + r.ask().xml(), "CH-1601"},
		{"a comment", strings.Replace(r.signed(r.ask().xml()), "<saml:Issuer>", "<saml:Issuer><!-- -->", 1), "CH-1601"},
		{"deep nesting", strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100), "CH-1601"},
		{"ten thousand attributes", "<a " + strings.Repeat(`b="" `, 10000) + "/>", "CH-1601"},
		{"too long", "<a>" + strings.Repeat(" ", 97<<10) + "</a>", "CH-1601"},
	} {
		t.Run(c.name, func(t *testing.T) { wantPage(t, r.browser().begin(c.doc, "st"), c.code) })
	}
	b := r.browser()
	for name, q := range map[string]string{
		"no message":           "RelayState=x",
		"both messages":        "SAMLRequest=a&SAMLResponse=b",
		"a message twice":      "SAMLRequest=a&SAMLRequest=b",
		"half a signature":     "SAMLRequest=a&Signature=b",
		"not DEFLATE":          "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte("<a/>"))),
		"a bomb":               "SAMLRequest=" + url.QueryEscape(format.EncodeRedirect(make([]byte, 4<<20))),
		"unsigned":             "SAMLRequest=" + url.QueryEscape(format.EncodeRedirect([]byte(r.ask().xml()))),
		"another relay state":  strings.Replace(r.query("SAMLRequest", r.ask().xml(), "one"), "RelayState=one", "RelayState=two", 1),
		"no relay state":       strings.Replace(r.query("SAMLRequest", r.ask().xml(), "one"), "&RelayState=one", "", 1),
		"too long":             "SAMLRequest=" + strings.Repeat("a", 33<<10),
		"an answer, not a ask": r.query("SAMLResponse", r.ask().xml(), ""),
	} {
		t.Run("Redirect: "+name, func(t *testing.T) {
			p := b.get(saml.PathSSO + "?" + q)
			if p.posted != nil || p.location != nil || !strings.HasPrefix(p.header.Get("X-Fault"), "CH-1") {
				t.Errorf("answered %d %s", p.status, p.body)
			}
		})
	}
	t.Run("POST: both messages, one twice, another type, a message in the address", func(t *testing.T) {
		wantPage(t, b.post(saml.PathSSO, url.Values{"SAMLRequest": {"a"}, "SAMLResponse": {"b"}}), "CH-1602")
		wantPage(t, b.post(saml.PathSSO, url.Values{"SAMLRequest": {"a", "b"}}), "CH-1602")
		wantPage(t, b.post(saml.PathSSO, url.Values{"SAMLRequest": {"a"}, "RelayState": {"b", "c"}}), "CH-1602")
		wantPage(t, b.post(saml.PathSSO+"?"+r.query("SAMLRequest", r.ask().xml(), ""), url.Values{}), "CH-1602")
		wantPage(t, b.post(saml.PathSSO, url.Values{"SAMLRequest": {strings.Repeat("a", 200<<10)}}), "CH-1006")
		req, _ := http.NewRequest(http.MethodPost, r.server.URL+saml.PathSSO, strings.NewReader("{}"))
		req.Header.Set("Content-Type", "application/json")
		wantPage(t, b.do(req), "CH-1002")
	})
	t.Run("a closed service", func(t *testing.T) {
		s := r.shop()
		s.Closed = true
		r.register(s)
		wantPage(t, b.begin(r.signed(r.ask().xml()), ""), "CH-1105")
	})
}

func TestA18_SHA_1_is_refused_in_digest_and_signature_whatever_the_registration_says(t *testing.T) {
	r := newRig(t)
	key := rsaKey(t)
	s := r.shop()
	s.SAML.Certificates = append(s.SAML.Certificates, certified(t, key, r.clock()))
	s.Compat = allowSHA1()
	r.register(s)
	old, err := xmldsig.Signer{Key: key, Profile: xmldsig.Profile{Hash: crypto.SHA1}}.Sign([]byte(r.ask().xml()))
	if err != nil {
		t.Fatal(err)
	}
	wantPage(t, r.browser().begin(string(old), ""), "CH-1605")
	q, err := format.SignQuery(key, crypto.SHA1, format.Pair{Name: "SAMLRequest", Value: format.EncodeRedirect([]byte(r.ask().xml()))})
	if err != nil {
		t.Fatal(err)
	}
	wantPage(t, r.browser().get(saml.PathSSO+"?"+q), "CH-1605")
	r.key = key // the same key under SHA-256 will do
	b := r.browser()
	b.transaction(b.begin(r.signed(r.ask().xml()), ""))
}

func TestA10_a_request_is_used_once_on_all_nodes(t *testing.T) {
	r := newRig(t)
	_, second := r.node(r.provider.Log)
	b := r.browser()
	a := r.ask()
	doc, q := r.signed(a.xml()), r.query("SAMLRequest", a.xml(), "")
	b.transaction(b.begin(doc, ""))
	there := r.browser()
	there.base = second.URL
	for name, p := range map[string]page{
		"the same way": b.begin(doc, ""), "over the other binding": b.get(saml.PathSSO + "?" + q),
		"on another node": there.begin(doc, ""), "on another node, over the other binding": there.get(saml.PathSSO + "?" + q),
	} {
		t.Run(name, func(t *testing.T) {
			r.wantRefusal(t, p, a, format.StatusRequester, format.StatusRequestDenied, "CH-1607")
		})
	}
	t.Run("while its instant will do, and after", func(t *testing.T) {
		for range 12 {
			r.advance(time.Minute)
			o := r.read(b.begin(doc, ""))
			if o.second != format.StatusRequestDenied {
				t.Fatalf("answered %+v", o)
			}
		}
	})
	t.Run("another service may use the same ID", func(t *testing.T) {
		r.register(r.other("other", "post"))
		mine := r.ask()
		b.transaction(b.begin(r.signed(mine.xml()), ""))
		theirs := mine
		theirs.Issuer, theirs.ACS = "https://other.example/saml", ""
		b.transaction(b.begin(r.signed(theirs.xml()), ""))
	})
}

func TestUnsigned_requests_where_the_registration_says_so(t *testing.T) {
	r := newRig(t)
	s := r.shop()
	s.SAML.UnsignedRequests = true
	r.register(s)
	b := r.browser()
	b.transaction(b.begin(r.ask().xml(), ""))
	b.transaction(b.get(saml.PathSSO + "?SAMLRequest=" + url.QueryEscape(format.EncodeRedirect([]byte(r.ask().xml())))))
	a := r.ask()
	a.Destination = ""
	b.transaction(b.begin(a.xml(), ""))
	wantPage(t, b.begin(strings.Replace(r.signed(r.ask().xml()), `Version="2.0"`, `Version="2.1"`, 1), ""), "CH-1604")
	bad := strings.Replace(r.query("SAMLRequest", r.ask().xml(), "one"), "RelayState=one", "RelayState=two", 1)
	wantPage(t, b.get(saml.PathSSO+"?"+bad), "CH-1604")
	t.Run("a service without a certificate may sign, and is not checked", func(t *testing.T) {
		s.SAML.Certificates = nil
		r.register(s)
		b.transaction(b.begin(r.signed(r.ask().xml()), ""))
		b.transaction(b.get(saml.PathSSO + "?" + r.query("SAMLRequest", r.ask().xml(), "")))
		wantPage(t, b.get(saml.PathSLO+"?"+r.query("SAMLRequest", r.logout("x").xml(), "")), "CH-1604")
		s.SAML.Certificates = []string{r.cert}
		r.register(s)
	})
	t.Run("a logout is signed all the same", func(t *testing.T) {
		wantPage(t, b.follow(b.crossPost(saml.PathSLO, form("SAMLRequest", r.logout("x").xml(), ""))), "CH-1603")
	})
}

func TestConsumer_by_address_by_index_and_by_default(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct{ name, attrs, to string }{
		{"default", "", acs}, {"address", ` AssertionConsumerServiceURL="https://shop.example/saml/other"`, "https://shop.example/saml/other"},
		{"index", ` AssertionConsumerServiceIndex="1"`, "https://shop.example/saml/other"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := r.ask()
			a.ACS = c.attrs + ` AttributeConsumingServiceIndex="3"` // which means nothing here
			if o := r.read(r.browser().signIn(a)); o.to != c.to || o.recipient != c.to {
				t.Errorf("answered at %s for %s", o.to, o.recipient)
			}
		})
	}
}
