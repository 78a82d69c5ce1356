package saml_test

import (
	"crypto/rand"
	"net/url"
	"testing"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/login"
	"chave/internal/core/service"
	format "chave/internal/format/saml"
)

func escaped(s string) string { return url.QueryEscape(s) }

func allowSHA1() map[service.Switch]service.Allowance {
	return map[service.Switch]service.Allowance{service.LegacySHA1: {}}
}

func classRefs(comparison string, classes ...string) string {
	s := `<samlp:RequestedAuthnContext Comparison="` + comparison + `">`
	for _, c := range classes {
		s += `<saml:AuthnContextClassRef>` + c + `</saml:AuthnContextClassRef>`
	}
	return s + `</samlp:RequestedAuthnContext>`
}

// The service lets people in from level 2; the person has a phone, so reaches level 3.
func TestCore3_3_2_2_RequestedAuthnContext_against_our_levels(t *testing.T) {
	const (
		l1, l2, l3, l4 = "urn:chave:level:1", "urn:chave:level:2", "urn:chave:level:3", "urn:chave:level:4"
		mfa            = "https://refeds.org/profile/mfa"
		high           = "http://eidas.europa.eu/LoA/high"
		token          = "urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken"
		ppt            = format.ClassPasswordProtectedTransport
		mobile         = format.ClassMobileTwoFactorContract
		card           = format.ClassSmartcardPKI
		no             = ""
	)
	r := newRig(t)
	b := r.browser()
	for _, c := range []struct {
		comparison string
		classes    []string
		asks       service.Level // what the person must reach
		says       string        // at level 3; empty for NoAuthnContext
	}{
		{"exact", []string{l1}, 2, l1}, {"exact", []string{l2}, 2, l2}, {"exact", []string{l3}, 3, l3}, {"exact", []string{l4}, 0, no},
		{"exact", []string{ppt}, 2, ppt}, {"exact", []string{mobile}, 3, mobile}, {"exact", []string{mfa}, 3, mfa}, {"exact", []string{high}, 3, high},
		{"exact", []string{"http://schemas.microsoft.com/claims/multipleauthn"}, 3, "http://schemas.microsoft.com/claims/multipleauthn"},
		{"exact", []string{format.ClassUnspecified}, 2, format.ClassUnspecified}, {"exact", []string{token}, 0, no}, {"exact", []string{card}, 0, no},
		{"exact", []string{ppt, mfa}, 2, mfa}, {"exact", []string{l4, l3}, 3, l3}, {"exact", []string{"urn:made:up", l3}, 3, l3},
		{"minimum", []string{l1}, 2, l3}, {"minimum", []string{l2}, 2, l3}, {"minimum", []string{l3}, 3, l3}, {"minimum", []string{l4}, 0, no},
		{"minimum", []string{ppt}, 2, l3}, {"minimum", []string{mobile}, 3, mobile}, {"minimum", []string{token}, 3, l3}, {"minimum", []string{mfa, l2}, 2, mfa},
		{"minimum", []string{card}, 0, no}, {"minimum", []string{"urn:made:up"}, 0, no},
		{"better", []string{l1}, 2, l3}, {"better", []string{l2}, 3, l3}, {"better", []string{l3}, 0, no}, {"better", []string{ppt}, 2, l3}, {"better", []string{l1, l2}, 3, l3},
		{"better", []string{mobile}, 0, no}, {"better", []string{l1, "urn:made:up"}, 0, no},
		{"maximum", []string{l1}, 0, no}, {"maximum", []string{l2}, 2, l2}, {"maximum", []string{l3}, 2, l3}, {"maximum", []string{l4}, 2, l3}, {"maximum", []string{ppt}, 2, ppt},
		{"maximum", []string{"urn:made:up"}, 0, no},
	} {
		name := c.comparison
		for _, class := range c.classes {
			name += " " + class
		}
		t.Run(name, func(t *testing.T) {
			a := r.ask()
			a.Inside = classRefs(c.comparison, c.classes...)
			p := b.begin(r.signed(a.xml()), "")
			if c.says == no {
				r.wantRefusal(t, p, a, format.StatusRequester, format.StatusNoAuthnContext, "CH-1107")
				return
			}
			tr := b.transaction(p)
			if tr.MinLevel != c.asks {
				t.Errorf("asks the person for level %d, want %d", tr.MinLevel, c.asks)
			}
			if o := r.read(b.agree(b.prove(tr, phone))); o.class != c.says {
				t.Errorf("says %s, want %s", o.class, c.says)
			}
		})
	}
}

func TestR5_21_nobody_is_said_to_have_reached_more_than_they_did(t *testing.T) {
	r := newRig(t)
	r.admit(citizen.Person{
		GivenNames: "Bento", Surnames: "Inventado", BirthDate: citizen.Date{Year: 1950, Month: 2, Day: 3}, Nationality: "PRT", NIC: "99999990",
		Documents: []citizen.Document{{Type: citizen.CitizenCard, Country: citizen.Portugal, Number: "99999990"}},
		Email:     "bento@example.org", Lang: "pt", Standing: citizen.Standing{Accompanied: citizen.No},
	})
	byMail := func(inside string) (*browser, login.Transaction) {
		b, a := r.browser(), r.ask()
		a.Inside = inside
		return b, b.transaction(b.begin(r.signed(a.xml()), ""))
	}
	b, tr := byMail(classRefs("minimum", format.ClassPasswordProtectedTransport))
	if o := r.read(b.agree(b.prove(tr, "bento@example.org"))); o.class != "urn:chave:level:2" {
		t.Errorf("says %s", o.class)
	}
	t.Run("a session by e-mail does not stand for a request for more", func(t *testing.T) {
		a := r.ask()
		a.Inside, a.Attrs = classRefs("minimum", "urn:chave:level:3"), ` IsPassive="true"`
		r.wantRefusal(t, b.begin(r.signed(a.xml()), ""), a, format.StatusResponder, format.StatusNoPassive, "CH-1611")
		a.ID, a.Attrs = format.NewID(rand.Reader), ""
		if b.transaction(b.begin(r.signed(a.xml()), "")).Reused {
			t.Error("it was used")
		}
	})
}

func TestCore8_3_7_a_persistent_name_is_pairwise_and_lasts(t *testing.T) {
	r := newRig(t)
	r.register(r.other("other", "post"))
	sister := r.other("sister", "post")
	sister.Sector = "shop.example"
	r.register(sister)
	told := func(issuer, policy string) outcome {
		a := r.ask()
		a.Issuer, a.ACS = issuer, ""
		if policy != "" {
			a.Inside = `<samlp:NameIDPolicy AllowCreate="true" Format="` + policy + `"/>`
		}
		r.advance(time.Second)
		return r.read(r.browser().signIn(a))
	}
	first, again := told(entity, ""), told(entity, format.NameIDPersistent)
	if first.name != again.name || first.nameFormat != format.NameIDPersistent || first.index == again.index {
		t.Errorf("%+v became %+v", first, again)
	}
	if o := told("https://other.example/saml", ""); o.name == first.name {
		t.Error("two services know a person by one name")
	}
	if o := told("https://sister.example/saml", ""); o.name != first.name {
		t.Error("two services of one sector know a person by two names")
	}
	t.Run("it is the subject that the same service knows over OpenID Connect", func(t *testing.T) {
		roots := r.vault.KeyIDs()
		mac, err := r.vault.MACWith(roots[len(roots)-1], "oidc/subject/pairwise", []byte("shop.example"), []byte(r.person))
		if err != nil || base64URL(mac) != first.name {
			t.Errorf("%v: %s", err, first.name)
		}
	})
	t.Run("also where the subject is public", func(t *testing.T) {
		s := r.other("other", "post")
		s.SubjectType = service.Public
		r.register(s)
		if o := told("https://other.example/saml", ""); o.name == first.name || len(o.name) < 40 {
			t.Errorf("named %s", o.name)
		}
	})
	t.Run("a transient name lasts as long as the session", func(t *testing.T) {
		one, two := told(entity, format.NameIDTransient), told(entity, format.NameIDTransient)
		if one.name == two.name || one.nameFormat != format.NameIDTransient {
			t.Errorf("%+v and %+v", one, two)
		}
	})
	t.Run("a service that is registered for transient names cannot ask for others", func(t *testing.T) {
		s := r.other("other", "post")
		s.SAML.NameID = "transient"
		r.register(s)
		if o := told("https://other.example/saml", format.NameIDUnspecified); o.nameFormat != format.NameIDTransient {
			t.Errorf("named %+v", o)
		}
		a := r.ask()
		a.Issuer, a.ACS, a.Inside = "https://other.example/saml", "", `<samlp:NameIDPolicy Format="`+format.NameIDPersistent+`"/>`
		if o := r.read(r.browser().begin(r.signed(a.xml()), "")); o.second != format.StatusInvalidNameIDPolicy {
			t.Errorf("answered %+v", o)
		}
	})
}

func TestCore3_4_1_Subject_names_who_must_sign_in(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	name := r.read(b.signIn(r.ask())).name
	asking := func(value string) (ask, page) {
		a := r.ask()
		a.Inside = `<saml:Subject><saml:NameID>` + value + `</saml:NameID></saml:Subject>`
		return a, b.begin(r.signed(a.xml()), "")
	}
	_, p := asking(name)
	if tr := b.transaction(p); !tr.Reused || r.read(b.agree(tr)).name != name {
		t.Error("the right person was asked again, or refused")
	}
	a, p := asking("somebody-else")
	tr := b.transaction(p)
	if tr.Reused {
		t.Error("somebody else's session was used")
	}
	r.wantRefusal(t, b.agree(b.prove(tr, phone)), a, format.StatusResponder, format.StatusUnknownPrincipal, "CH-1112")
}
