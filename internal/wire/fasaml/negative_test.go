package fasaml_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"chave/internal/core/service"
)

// TestNegative is the list of §4.4, each made from V1 or, where a fresh signature is needed, from a message of the rig's own service.
func TestNegative(t *testing.T) {
	r := vectorRig(t)
	docs := vectorDocuments(t)
	v1 := string(docs["V1"])
	from, to := strings.Index(v1, "<Signature "), strings.Index(v1, "</Signature>")+len("</Signature>")
	signature, unsigned := v1[from:to], v1[:from]+v1[to:]
	change := func(old, by string) string {
		t.Helper()
		if !strings.Contains(v1, old) {
			t.Fatalf("V1 has no %q", old)
		}
		return strings.Replace(v1, old, by, 1)
	}
	reference := signature[strings.Index(signature, "<Reference "):strings.Index(signature, "</SignedInfo>")]
	const exclusive = `<Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#" />`
	hmacSigned := func() string {
		mac := hmac.New(sha256.New, otherKey().der)
		mac.Write([]byte(reference))
		s := strings.Replace(v1, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", 1)
		i, j := strings.Index(s, "<SignatureValue>")+len("<SignatureValue>"), strings.Index(s, "</SignatureValue>")
		return s[:i] + base64.StdEncoding.EncodeToString(mac.Sum(nil)) + s[j:]
	}

	for _, c := range []struct {
		name, doc string
		status    int
		code      string
	}{
		{"4.4 one letter of the Issuer changed", change(">https://sp.example.test<", ">https://sq.example.test<"), http.StatusForbidden, "CH-1105"},
		{"4.4 the Issuer of another registered service", change(">https://sp.example.test<", ">https://other.example.test<"), http.StatusForbidden, "CH-1604"},
		{"4.4 ProviderName changed", change("Portal de Exemplo", "Portal do Exemplo"), http.StatusForbidden, "CH-1604"},
		{"4.4 Signature moved under Extensions", strings.Replace(unsigned, "<Extensions>", "<Extensions>"+signature, 1), http.StatusForbidden, "CH-1604"},
		{"4.4 the root ID on a second element", change("<Extensions>", `<Extensions ID="_5f1c2a4e-7d0b-4c1e-9a35-2b6f0d1e8c77">`), http.StatusForbidden, "CH-1604"},
		{"4.4 two Signature elements", change("</Signature>", "</Signature>"+signature), http.StatusForbidden, "CH-1604"},
		{"4.4 two Reference elements", change("</SignedInfo>", reference+"</SignedInfo>"), http.StatusForbidden, "CH-1604"},
		{"4.4 an empty URI", change(`URI="#_5f1c2a4e-7d0b-4c1e-9a35-2b6f0d1e8c77"`, `URI=""`), http.StatusForbidden, "CH-1604"},
		{"4.4 an XPath transform", change(exclusive, exclusive+`<Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><XPath>self::node()</XPath></Transform>`), http.StatusForbidden, "CH-1604"},
		{"4.4 an XSLT transform", change(exclusive, `<Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116" />`+exclusive), http.StatusForbidden, "CH-1604"},
		{"4.4 a DOCTYPE with an entity", change(`?><AuthnRequest`, `?><!DOCTYPE AuthnRequest [<!ENTITY e "x">]><AuthnRequest`), http.StatusBadRequest, "CH-1601"},
		{"4.4 HMAC with the certificate as key", hmacSigned(), http.StatusForbidden, "CH-1604"},
		{"4.4 a key that is not registered for this Issuer", string(otherKey().signed(t, []byte(unsigned))), http.StatusForbidden, "CH-1604"},
		{"4.4 the signed original inside a forged root", strings.NewReplacer(`ID="_5f1c`, `ID="_666c`).Replace(
			unsigned[:strings.Index(unsigned, "</Extensions>")]) + v1[strings.Index(v1, "<AuthnRequest"):] + `</Extensions></AuthnRequest>`, http.StatusForbidden, "CH-1604"},
		{"4.4 a comment inside the Issuer", change(">https://sp.example.test<", ">https://sp.example.test<!-- -->.evil.test<"), http.StatusBadRequest, "CH-1601"},
		{"4.4 V7 while SHA-1 is switched off", string(docs["V7"]), http.StatusForbidden, "CH-1605"},
	} {
		if strings.Contains(c.name, "another registered") {
			r.register(sp(func(s *service.Settings) { s.ID, s.SAML.Issuer = "other", "https://other.example.test" }))
		}
		t.Run(c.name, func(t *testing.T) { r.wantHere(t, r.browser().send([]byte(c.doc)), c.status, c.code) })
	}
	t.Run("V1 itself is taken after all that", func(t *testing.T) {
		if p := r.browser().send(docs["V1"]); p.status != http.StatusSeeOther {
			t.Errorf("answered %d %s %s", p.status, p.fault(), r.reading(p))
		}
	})

	r = newRig(t)
	denied := statusURN + "RequestDenied (The request has not been processed)."
	t.Run("4.4 IssueInstant six minutes old", func(t *testing.T) {
		r.wantRefusal(t, r.browser().send(r.ask(func(a *authn) { a.Instant = at(r, -6*time.Minute) })), "Requester", "RequestDenied", denied)
	})
	t.Run("4.4 the same ID twice", func(t *testing.T) {
		doc := r.ask()
		if p := r.browser().send(doc); p.status != http.StatusSeeOther {
			t.Fatalf("answered %d %s", p.status, p.fault())
		}
		r.wantRefusal(t, r.browser().send(doc), "Requester", "RequestDenied", denied)
	})
	t.Run("4.4 a consumer URL with the registered prefix on another host", func(t *testing.T) {
		for _, to := range []string{"https://sp.example.test.evil.test/", "https://sp.example.test/acs/more", "https://sp.example.test/acs?x", "https://SP.example.test/acs", "http://sp.example.test/acs"} {
			r.wantHere(t, r.browser().send(r.ask(func(a *authn) { a.ACS = to })), http.StatusForbidden, "CH-1106")
		}
	})
}

// TestWrapping is the eight classic ways to wrap a signed message in a forged one: in none of them is the forged part believed.
func TestWrapping(t *testing.T) {
	r := newRig(t)
	original := string(r.ask())
	decl := original[:strings.Index(original, "<AuthnRequest")]
	body := original[len(decl):]
	from, to := strings.Index(body, "<Signature "), strings.Index(body, "</Signature>")+len("</Signature>")
	signature, bare := body[from:to], body[:from]+body[to:]
	id := body[strings.Index(body, ` ID="`)+5:]
	id = id[:strings.Index(id, `"`)]
	evil := func(content string) string { // another message, in the place of the one that was signed
		return strings.Replace(strings.Replace(bare, id, "_evil", 1), "Portal de Exemplo", "Portal do Mal", 1) + content
	}
	// inside puts content into the forged message, at the end of Extensions or before its end tag.
	inside := func(message, content, before string) string {
		return strings.Replace(message, before, content+before, 1)
	}
	withSignature := func(message, s string) string { return strings.Replace(message, "</Issuer>", "</Issuer>"+s, 1) }

	for name, doc := range map[string]string{
		"XSW1 the original behind the forged message's signature":                        withSignature(evil(""), inside(signature, "<Object>"+bare+"</Object>", "</Signature>")),
		"XSW2 the signature detached, original beside it":                                inside(evil(""), signature+bare, "</AuthnRequest>"),
		"XSW3 the original as first child of the forged":                                 strings.Replace(evil(""), "<Issuer ", body+"<Issuer ", 1),
		"XSW4 the original as last child of the forged":                                  inside(evil(""), body, "</AuthnRequest>"),
		"XSW5 the forged keeps the signature, the original loses it and goes to the end": inside(withSignature(evil(""), signature), bare, "</AuthnRequest>"),
		"XSW6 the original inside the signature's KeyInfo":                               withSignature(evil(""), inside(signature, bare, "</KeyInfo>")),
		"XSW7 the original inside Extensions":                                            inside(evil(""), body, "</Extensions>"),
		"XSW8 the forged inside an Object, with the original's ID":                       inside(withSignature(bare, inside(signature, "<Object>"+evil("")+"</Object>", "</Signature>")), "", "</AuthnRequest>"),
	} {
		t.Run(name, func(t *testing.T) { r.wantHere(t, r.browser().send([]byte(decl+doc)), http.StatusForbidden, "CH-1604") })
	}
	t.Run("same ID on the forged root", func(t *testing.T) {
		doc := inside(strings.Replace(evil(""), "_evil", id, 1), body, "</Extensions>")
		r.wantHere(t, r.browser().send([]byte(decl+doc)), http.StatusForbidden, "CH-1604")
	})
	t.Run("the original alone is believed", func(t *testing.T) {
		if p := r.browser().send([]byte(original)); p.status != http.StatusSeeOther {
			t.Errorf("answered %d %s", p.status, p.fault())
		}
	})
	if bytes.Contains([]byte(r.logged()), []byte("Portal")) {
		t.Error("a message's content is in the log")
	}
}
