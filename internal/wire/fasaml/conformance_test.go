package fasaml_test

import (
	"crypto"
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"chave/internal/core/consent"
	"chave/internal/core/service"
	"chave/internal/format/xmldsig"
)

// The items are those of the one-page list §0.3 of cmd-authentication.md that concern SAML.

func TestItem1_plain_base64_is_taken_on_every_alias_in_any_letter_case(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{
		"/fa/Default.aspx", "/FA/DEFAULT.ASPX", "/fa/", "/FA/", "/fa", "/Default.aspx", "/default.aspx", "/fa/Logout.aspx", "/fa/Logout.ashx", "/fa/Default.aspx?Modal=true",
	} {
		t.Run(path, func(t *testing.T) {
			p := r.browser().post(path, url.Values{"SAMLRequest": {base64.StdEncoding.EncodeToString(r.ask())}})
			if p.status != http.StatusSeeOther || p.location.Path != "/fa/begin" {
				t.Errorf("answered %d %s %v", p.status, p.fault(), p.location)
			}
		})
	}
	t.Run("base64 broken into lines, with pluses that arrived as spaces", func(t *testing.T) {
		text := base64.StdEncoding.EncodeToString(r.ask())
		body := "SAMLRequest=" + text[:76] + "%0D%0A" + text[76:] // a plus sign that nobody encoded means a space in a form
		req, _ := http.NewRequest(http.MethodPost, r.server.URL+"/fa/Default.aspx", strings.NewReader(body))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		if p := r.browser().do(req); p.status != http.StatusSeeOther {
			t.Errorf("answered %d %s", p.status, p.fault())
		}
	})
	t.Run("a byte-order mark is no harm", func(t *testing.T) {
		if p := r.browser().send(append([]byte("\ufeff"), r.ask()...)); p.status != http.StatusSeeOther {
			t.Errorf("answered %d %s", p.status, p.fault())
		}
	})
	t.Run("GET is not a binding of this wire", func(t *testing.T) {
		p := r.browser().get("/fa/Default.aspx?SAMLRequest=x")
		r.wantHere(t, p, http.StatusMethodNotAllowed, "CH-1613")
	})
}

func TestItem2_signatures_hold_under_the_key_registered_for_the_issuer(t *testing.T) {
	r := newRig(t)
	r.register(sp(func(s *service.Settings) { s.Compat = map[service.Switch]service.Allowance{service.LegacySHA1: {}} }))
	for name, profile := range map[string]xmldsig.Profile{
		"exclusive, RSA-SHA256": {}, "inclusive, RSA-SHA256": {Inclusive: true}, "exclusive, RSA-SHA512": {Hash: crypto.SHA512},
		"inclusive, RSA-SHA1": {Inclusive: true, Hash: crypto.SHA1}, "exclusive, RSA-SHA1": {Hash: crypto.SHA1},
	} {
		t.Run(name, func(t *testing.T) {
			if p := r.browser().send(spKey().profile(t, r.request().xml(), profile)); p.status != http.StatusSeeOther {
				t.Errorf("answered %d %s", p.status, p.fault())
			}
		})
	}
	t.Run("exclusive with InclusiveNamespaces: see vector V3", func(t *testing.T) {
		if _, vectors := vectorDocuments(t)["V3"]; !vectors {
			t.Error("no such vector")
		}
	})
	t.Run("the second of two keys while one gives way to the other", func(t *testing.T) {
		r.register(sp(func(s *service.Settings) { s.SAML.Certificates = []string{otherKey().pem, spKey().pem} }))
		if p := r.browser().send(r.ask()); p.status != http.StatusSeeOther {
			t.Errorf("answered %d %s", p.status, p.fault())
		}
	})
}

func TestItem3_extensions_are_understood_under_any_prefix_and_in_any_order(t *testing.T) {
	const attrs, policy = "http://autenticacao.cartaodecidadao.pt/atributos", "http://autenticacao.cartaodecidadao.pt/presentationpolicy"
	r := newRig(t)
	for name, extensions := range map[string]string{
		"the level first":     level("3") + attributes(uriNIC, "true"),
		"a default namespace": `<RequestedAttributes xmlns="` + attrs + `"><RequestedAttribute Name="` + uriNIC + `"/></RequestedAttributes><FAAALevel xmlns="` + attrs + `">3</FAAALevel>`,
		"another prefix": `<q:FAAALevel xmlns:q="` + attrs + `"> 3 </q:FAAALevel><w:RequestedAttributes xmlns:w="` + attrs + `"><w:RequestedAttribute Name=" ` + uriNIC +
			`" isRequired="1"/></w:RequestedAttributes>`,
		"strangers beside them, and a policy in odd order": `<x:Other xmlns:x="urn:x"/>` + attributes(uriNIC, "0") + tabs(`<fa:hideAuthTab TabId="CC"/><fa:defaultSelectedAuthTab TabId="CMD"/><fa:hideAuthTab TabId="RSS"/>`) + level("3"),
		"a policy with a prefix of its own":                attributes(uriNIC, "False") + `<z:AuthTabPresentationPolicies xmlns:z="` + policy + `"><z:hideAuthTab TabId="CC"/></z:AuthTabPresentationPolicies>` + level("2"),
		"the STORK level where FAAALevel is absent": attributes(uriNIC, "True") +
			`<stork:QualityAuthenticationAssuranceLevel xmlns:stork="urn:oasis:names:tc:SAML:2.0:metadata">3</stork:QualityAuthenticationAssuranceLevel>`,
	} {
		t.Run(name, func(t *testing.T) {
			b := r.browser()
			tr := b.transaction(b.send(r.ask(func(a *authn) { a.Extensions = extensions })))
			if len(tr.Ask) != 1 || tr.Ask[0].Name != consent.NIC {
				t.Errorf("asks for %v", tr.Ask)
			}
		})
	}
	t.Run("the parts that this wire ignores", func(t *testing.T) {
		p := r.browser().send(r.ask(func(a *authn) {
			a.More = ` ForceAuthn="True" IsPassive="0" Consent="urn:x"`
			a.Children = `<NameIDPolicy Format="" AllowCreate="maybe"/><RequestedAuthnContext Comparison="odd"/><Scoping ProxyCount="0"/>`
		}))
		if p.status != http.StatusSeeOther {
			t.Errorf("answered %d %s %s", p.status, p.fault(), r.reading(p))
		}
	})
	t.Run("several spellings of one attribute are asked once, required if any is", func(t *testing.T) {
		b := r.browser()
		tr := b.transaction(b.send(r.ask(func(a *authn) { a.Extensions = attributes(uriAll, "0", uriNIC, "0", uriNIC, "True") + level("3") })))
		want := []consent.Ask{{Name: consent.FullName}, {Name: consent.NIC, Required: true}}
		if !slices.Equal(tr.Ask, want) {
			t.Errorf("asks for %v, want %v", tr.Ask, want)
		}
	})
}

func TestItem4_answer_and_relay_state_go_to_the_registered_address_whatever_the_outcome(t *testing.T) {
	r := newRig(t)
	send := func(doc []byte, form url.Values) (*browser, page) {
		b := r.browser()
		form.Set("SAMLRequest", base64.StdEncoding.EncodeToString(doc))
		return b, b.post("/fa/Default.aspx", form)
	}
	outcomes := map[string]func(form url.Values) page{
		"success": func(form url.Values) page {
			b, p := send(r.ask(), form)
			return b.agree(b.prove(b.transaction(p), phone))
		},
		"refusal": func(form url.Values) page {
			b, p := send(r.ask(), form)
			tr := b.transaction(p)
			if _, err := r.login.Refuse(t.Context(), tr.ID, b.cookie("chave_browser")); err != nil {
				t.Fatal(err)
			}
			return b.get(tr.Resume)
		},
		"error": func(form url.Values) page {
			_, p := send(r.ask(func(a *authn) { a.More = ` IsPassive="true"` }), form)
			return p
		},
	}
	states := map[string]string{
		"nothing": "", "base64": "aHR0cHM6Ly9zcC5leGFtcGxlLnRlc3QvP2E9YiZjPWQ=", "markup": `"><script>alert('é')</script>&amp;`, "spaces": "  a b  ", "1000 characters": strings.Repeat("é", 1000),
	}
	for name, outcome := range outcomes {
		for kind, state := range states {
			t.Run(name+" with "+kind, func(t *testing.T) {
				form := url.Values{}
				if kind != "nothing" {
					form.Set("RelayState", state)
				}
				p := outcome(form)
				r.answer(p)
				if p.posted.Action != acs || p.posted.Fields[1].Value != state {
					t.Errorf("posted to %q with %q", p.posted.Action, p.posted.Fields[1].Value)
				}
			})
		}
	}
	t.Run("1001 characters are refused", func(t *testing.T) {
		_, p := send(r.ask(), url.Values{"RelayState": {strings.Repeat("é", 1001)}})
		r.wantHere(t, p, http.StatusBadRequest, "CH-1006")
	})
	t.Run("bytes that no page can carry back are refused", func(t *testing.T) {
		for _, state := range []string{"\xff", "a\x00b"} {
			_, p := send(r.ask(), url.Values{"RelayState": {state}})
			r.wantHere(t, p, http.StatusBadRequest, "CH-1601")
		}
	})
}

func TestItem5_the_response_is_signed_behind_its_issuer_with_the_leaf_certificate(t *testing.T) {
	r := newRig(t)
	raw := r.answer(r.browser().signIn(r.ask())).raw
	if strings.Count(raw, "<Signature ") != 1 || !strings.Contains(raw, `">`+entity+`</Issuer><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>`) {
		t.Errorf("signature is not where it must be: %s", raw)
	}
	active, err := r.keys.Active(t.Context(), "RSA-2048")
	if err != nil {
		t.Fatal(err)
	}
	leaf := `<KeyInfo><X509Data><X509Certificate>` + base64.StdEncoding.EncodeToString(active.Cert) + `</X509Certificate></X509Data></KeyInfo>`
	if strings.Count(raw, "X509Certificate>") != 2 || !strings.Contains(raw, leaf) {
		t.Error("the certificate is not the leaf alone")
	}
	if i, j := strings.Index(raw, "<Signature "), strings.Index(raw, "<Assertion "); i > j {
		t.Error("the assertion is signed instead")
	}
}

var attributeForm = regexp.MustCompile(`^<Attribute Name="[^"]+" NameFormat="[^"]+" d4p1:AttributeStatus="(Available|NotAvailable|Withheld)" xmlns:d4p1="http://autenticacao\.cartaodecidadao\.pt/atributos"( />|>)`)

func TestItem6_elements_have_no_prefix_and_each_attribute_the_literal_status_name(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	tr := b.prove(b.transaction(b.send(r.ask(func(a *authn) {
		a.Extensions = attributes(uriNIC, "True", "http://interop.gov.pt/MDC/Cidadao/Pseudonimo", "False", uriAll, "False") + level("3")
	}))), phone)
	a := r.answer(b.agree(tr, consent.FullName))
	if want := []string{"NIC Available " + nic, "Pseudonimo NotAvailable", "NomeCompleto Withheld"}; !slices.Equal(a.states(), want) {
		t.Errorf("states %q, want %q", a.states(), want)
	}
	parts := strings.Split(a.raw, "<Attribute ")[1:]
	if len(parts) != 3 {
		t.Fatalf("%d attributes", len(parts))
	}
	for _, part := range parts {
		if !attributeForm.MatchString("<Attribute " + part) {
			t.Errorf("spelled <Attribute %s", part)
		}
	}
	if !strings.Contains(a.raw, `<AttributeValue xsi:type="xsd:string">`+nic+`</AttributeValue>`) {
		t.Error("the value is not plain and typed")
	}
	if prefixed := regexp.MustCompile(`</?[a-z0-9]+:(\w+)`).FindAllStringSubmatch(a.raw, -1); len(prefixed) != 2 || prefixed[0][1] != "FAAALevel" {
		t.Errorf("prefixed elements %v", prefixed)
	}
	if strings.Contains(a.raw, "\n") || strings.Contains(a.raw, "<!--") {
		t.Error("layout or comments")
	}
}

func TestItem7_the_level_on_success_and_the_message_on_failure(t *testing.T) {
	r := newRig(t)
	a := r.answer(r.browser().signIn(r.ask(func(a *authn) { a.Extensions = attributes(uriNIC, "True") + level("1") })))
	if got := xmldsig.Text(a.at("Extensions", "FAAALevel")); got != "3" {
		t.Errorf("level %q although a phone code was used", got)
	}
	b := r.browser()
	tr := b.prove(b.transaction(b.send(r.ask())), phone)
	if _, err := r.login.Refuse(t.Context(), tr.ID, b.cookie("chave_browser")); err != nil {
		t.Fatal(err)
	}
	r.wantRefusal(t, b.get(tr.Resume), "Responder", "AuthnFailed",
		"urn:oasis:names:tc:SAML:2.0:status:AuthnFailed (User has canceled the process of obtaining attributes).")
	r.wantHere(t, b.get(tr.Resume), http.StatusConflict, "CH-1110") // the answer is given once
}
