package saml_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"chave/internal/core/consent"
	"chave/internal/core/service"
	format "chave/internal/format/saml"
	"chave/internal/wire/saml"
)

func TestProfiles4_1_a_sign_in_over_both_bindings(t *testing.T) {
	r := newRig(t)
	for name, begin := range map[string]func(*browser, ask) page{
		"POST": func(b *browser, a ask) page { return b.begin(r.signed(a.xml()), "a b+c&=ã\x01") },
		"Redirect": func(b *browser, a ask) page {
			return b.get(saml.PathSSO + "?" + r.query("SAMLRequest", a.xml(), "a b+c&=ã\x01"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			b, a := r.browser(), r.ask()
			p := b.agree(b.prove(b.transaction(begin(b, a)), phone), consent.NIF)
			o := r.read(p)
			if o.status != format.StatusSuccess || o.to != acs || o.inResponseTo != a.ID || o.issuer != r.server.URL+"/saml/metadata" {
				t.Errorf("answered %+v", o)
			}
			if p.posted["RelayState"] != "a b+c&=ã\x01" {
				t.Errorf("RelayState came back as %q", p.posted["RelayState"])
			}
			if o.recipient != acs || o.audience != entity || o.class != "urn:chave:level:3" || o.nameFormat != format.NameIDPersistent || o.index == "" {
				t.Errorf("the assertion says %+v", o)
			}
			if o.sessionUntil != format.Second(r.clock().Add(12*time.Hour)) {
				t.Errorf("the session ends at %s", o.sessionUntil)
			}
			want := map[string]string{
				"urn:oid:2.16.840.1.113730.3.1.241": "Oksana Made-Up", "urn:oid:2.5.4.42": "Oksana", "urn:oid:2.5.4.4": "Made-Up",
				"http://eidas.europa.eu/attributes/naturalperson/DateOfBirth": "1991-09-23", "urn:oid:0.9.2342.19200300.100.1.41": phone,
				"urn:chave:attribute:document_type": "passport", "urn:chave:attribute:document_country": "UKR", "urn:chave:attribute:document_number": "ZZ990417",
				"urn:oid:0.9.2342.19200300.100.1.3": "oksana@example.org",
			}
			for attr, text := range want {
				if o.attributes[attr] != text {
					t.Errorf("%s is %q, want %q", attr, o.attributes[attr], text)
				}
			}
			if len(o.attributes) != len(want) {
				t.Errorf("told %v", o.attributes)
			}
		})
	}
}

func TestA11_the_answer_is_given_once(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	tr := b.prove(b.transaction(b.begin(r.signed(r.ask().xml()), "")), phone)
	p := b.agree(tr)
	if _, sent := p.posted["RelayState"]; sent || r.read(p).status != format.StatusSuccess {
		t.Errorf("answered %v", p.posted)
	}
	wantPage(t, b.get(tr.Resume), "CH-1110")
}

func TestSingle_sign_on_asks_no_PIN_and_keeps_the_session_index(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	first := r.read(b.signIn(r.ask()))
	r.advance(5 * time.Minute)
	tr := b.transaction(b.begin(r.signed(r.ask().xml()), ""))
	if !tr.Reused {
		t.Fatal("the session does not stand for PIN and code")
	}
	second := r.read(b.agree(tr))
	if second.name != first.name || second.index != first.index {
		t.Errorf("%s in %s became %s in %s", first.name, first.index, second.name, second.index)
	}
	t.Run("ForceAuthn asks for both again", func(t *testing.T) {
		a := r.ask()
		a.Attrs = ` ForceAuthn="true"`
		if b.transaction(b.begin(r.signed(a.xml()), "")).Reused {
			t.Error("the session was used")
		}
	})
}

func TestIsPassive_is_answered_without_a_page(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	passive := func(attrs string) (page, ask) {
		a := r.ask()
		a.Attrs = ` IsPassive="true"` + attrs
		return b.begin(r.signed(a.xml()), "st"), a
	}
	p, a := passive("")
	r.wantRefusal(t, p, a, format.StatusResponder, format.StatusNoPassive, "CH-1611")
	first := r.read(b.signIn(r.ask()))
	p, a = passive("")
	if o := r.read(p); o.status != format.StatusSuccess || o.inResponseTo != a.ID || o.name != first.name || o.attributes["urn:oid:2.5.4.4"] != "Made-Up" {
		t.Errorf("answered %+v", o)
	}
	p, a = passive(` ForceAuthn="true"`)
	r.wantRefusal(t, p, a, format.StatusResponder, format.StatusNoPassive, "CH-1611")

	r.register(r.other("other", "post"))
	a = r.ask()
	a.Issuer, a.ACS, a.Attrs = "https://other.example/saml", "", ` IsPassive="true"`
	if o := r.read(b.begin(r.signed(a.xml()), "")); o.second != format.StatusNoPassive || o.to != "https://other.example/acs" {
		t.Errorf("a service that the person never agreed to is told %+v", o)
	}
}

func TestR5_10_a_persons_no_is_told(t *testing.T) {
	r := newRig(t)
	b, a := r.browser(), r.ask()
	tr := b.transaction(b.begin(r.signed(a.xml()), ""))
	if _, err := r.login.Refuse(t.Context(), tr.ID, b.cookie("chave_browser")); err != nil {
		t.Fatal(err)
	}
	r.wantRefusal(t, b.get(tr.Resume), a, format.StatusResponder, format.StatusAuthnFailed, "CH-1108")
}

func TestBegin_needs_the_browser_that_came_and_works_once(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	p := b.crossPost(saml.PathSSO, form("SAMLRequest", r.signed(r.ask().xml()), ""))
	if p.status != http.StatusSeeOther || !strings.HasPrefix(p.location.String(), "/saml/begin?r=") {
		t.Fatalf("a POST leads to %d %v", p.status, p.location)
	}
	b.transaction(b.get(p.location.String()))
	wantPage(t, b.get(p.location.String()), "CH-1502")
	wantPage(t, b.get("/saml/begin?r=made-up"), "CH-1503")
	wantPage(t, b.get("/saml/begin"), "CH-1503")
	late := b.crossPost(saml.PathSSO, form("SAMLRequest", r.signed(r.ask().xml()), ""))
	r.advance(3 * time.Minute)
	wantPage(t, b.get(late.location.String()), "CH-1504")
}

func TestR1_10_attributes_go_by_the_names_that_the_service_is_registered_for(t *testing.T) {
	r := newRig(t)
	told := func(names string) outcome {
		s := r.shop()
		s.SAML.AttributeNames = names
		r.register(s)
		return r.read(r.browser().signIn(r.ask()))
	}
	t.Run("friendly", func(t *testing.T) {
		o := told("friendly")
		if o.attributes["givenName"] != "Oksana" || o.attributes["document_number"] != "ZZ990417" || o.formats["sn"] != format.AttrNameBasic {
			t.Errorf("told %v %v", o.attributes, o.formats)
		}
	})
	t.Run("uri", func(t *testing.T) {
		o := told("uri")
		if o.attributes["http://interop.gov.pt/MDC/Cidadao/NomeCompleto"] == "" || o.attributes["http://interop.gov.pt/MDC/Cidadao/NIC"] != "" {
			t.Errorf("told %v", o.attributes)
		}
	})
	t.Run("what was taken from the registration meanwhile is not told", func(t *testing.T) {
		b := r.browser()
		tr := b.prove(b.transaction(b.begin(r.signed(r.ask().xml()), "")), phone)
		s := r.shop()
		s.Attributes = []service.Ask{{Name: consent.FullName, Required: true}}
		r.register(s)
		if o := r.read(b.agree(tr)); o.attributes["urn:oid:0.9.2342.19200300.100.1.41"] != "" || o.attributes["urn:oid:2.5.4.4"] == "" {
			t.Errorf("told %v", o.attributes)
		}
	})
}

func TestB1_a_service_that_changed_while_the_person_signed_in_is_not_answered_at_its_old_address(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	tr := b.prove(b.transaction(b.begin(r.signed(r.ask().xml()), "")), phone)
	s := r.shop()
	s.SAML.ACS = []string{"https://shop.example/new"}
	r.register(s)
	wantPage(t, b.agree(tr), "CH-1106")
}
