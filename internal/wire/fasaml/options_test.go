package fasaml_test

import (
	"crypto"
	"strings"
	"testing"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/login"
	"chave/internal/core/service"
	"chave/internal/format/xmldsig"
)

func xmldsigLegacy() xmldsig.Profile { return xmldsig.Profile{Inclusive: true, Hash: crypto.SHA1} }

// The options of a registration, each against the default (cmd-authentication.md part 5).
func TestOptions_of_the_answer(t *testing.T) {
	r := newRig(t)
	answered := func(t *testing.T, change ...func(*service.Settings)) answer {
		t.Helper()
		r.register(sp(change...))
		return r.answer(r.browser().signIn(r.ask()))
	}
	confirmation := func(a answer, name string) string {
		return xmldsig.Attr(a.at("Assertion", "Subject", "SubjectConfirmation", "SubjectConfirmationData"), name)
	}
	const constant = `<NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified">urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</NameID>`
	const inclusive = `<CanonicalizationMethod Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315" />`

	plain := answered(t)
	if confirmation(plain, "Recipient") != acs || confirmation(plain, "Address") != "192.0.2.10" || !strings.Contains(plain.raw, constant) ||
		!strings.Contains(plain.raw, `<CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#" />`) ||
		!strings.Contains(plain.raw, `<Audience>`+issuer+`</Audience>`) {
		t.Errorf("the default is %s", plain.raw)
	}
	t.Run("question 5.6 Recipient", func(t *testing.T) {
		if a := answered(t, func(s *service.Settings) { s.SAML.Recipient = "issuer" }); confirmation(a, "Recipient") != issuer {
			t.Error(a.raw)
		}
	})
	t.Run("question 5.7 Address", func(t *testing.T) {
		if a := answered(t, func(s *service.Settings) { s.SAML.OmitAddress = true }); strings.Contains(a.raw, " Address=") {
			t.Error(a.raw)
		}
		r.address = "unknown"
		if a := answered(t); strings.Contains(a.raw, " Address=") {
			t.Error(a.raw)
		}
		r.address = "192.0.2.10"
	})
	t.Run("question 5.3 observed", func(t *testing.T) {
		a := answered(t, func(s *service.Settings) { s.SAML.Signature = "observed" })
		if !strings.Contains(a.raw, inclusive) || !strings.Contains(a.raw, "rsa-sha256") {
			t.Error(a.raw)
		}
	})
	t.Run("question 5.1 the assertion signed too", func(t *testing.T) {
		r.register(sp(func(s *service.Settings) { s.SAML.SignAssertion = true }))
		p := r.browser().signIn(r.ask())
		raw := r.reading(p)
		if strings.Count(raw, "<Signature ") != 2 {
			t.Fatalf("answered %s", raw)
		}
		assertion := raw[strings.Index(raw, "<Assertion ") : strings.Index(raw, "</Assertion>")+len("</Assertion>")]
		root, err := xmldsig.Parse([]byte(assertion), xmldsig.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		active, _ := r.keys.Active(t.Context(), "RSA-2048")
		if _, err := xmldsig.Verify(root, []crypto.PublicKey{active.Public()}, xmldsig.Policy{}); err != nil {
			t.Errorf("taken out, the assertion does not verify: %v", err)
		}
		judge(t, r, []byte(raw))
	})
	t.Run("question 5.8 a name that only the service sees", func(t *testing.T) {
		name := func(id string, identifier string) string {
			t.Helper()
			r.register(sp(func(s *service.Settings) {
				s.SAML.NameID, s.ID, s.SAML.Issuer = "pairwise", id, "https://"+id+".example.test"
			}))
			b := r.browser()
			doc := r.ask(func(a *authn) {
				a.Issuer = "https://" + id + ".example.test"
				a.Extensions = attributes(uriNIC, "0", uriAll, "0") + level("3")
			})
			a := r.answer(b.agree(b.prove(b.transaction(b.send(doc)), identifier)))
			e := a.at("Assertion", "Subject", "NameID")
			if xmldsig.Attr(e, "Format") != "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" || xmldsig.Attr(e, "NameQualifier") != entity {
				t.Errorf("named %s", a.raw)
			}
			return xmldsig.Text(e)
		}
		r.admit(citizen.Person{
			GivenNames: "Oksana", Surnames: "Made-Up", BirthDate: citizen.Date{Year: 1991, Month: 9, Day: 23}, Nationality: "UKR",
			Documents: []citizen.Document{{Type: citizen.Passport, Country: "UKR", Number: "ZZ990417", Expires: citizen.Date{Year: 2030, Month: 1, Day: 31}}},
			Phone:     "+351929943619", Email: "oksana@example.org", Lang: "en", Standing: citizen.Standing{Accompanied: citizen.No},
		})
		first, again, elsewhere, other := name("pair-one", phone), name("pair-one", phone), name("pair-two", phone), name("pair-one", "+351929943619")
		if first != again || first == elsewhere || first == other || len(first) < 40 || strings.Contains(first, nic) {
			t.Errorf("named %q, %q, elsewhere %q, another person %q", first, again, elsewhere, other)
		}
	})
}

func TestWindow_mode_changes_nothing_but_the_layout(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	for _, query := range []string{"?Modal=true", "?modal=True&x=y", "?Modal=false", ""} {
		p := b.post("/fa/Default.aspx"+query, formOf(r.ask()))
		if want := strings.Contains(strings.ToLower(query), "modal=true"); b.transaction(p).Small != want {
			t.Errorf("%q leads to %v", query, p.location)
		}
	}
}

// A person without the means for the level learns it at the sign-in; the service hears it in the matrix's words.
func TestLevel_that_the_person_cannot_reach(t *testing.T) {
	r := newRig(t)
	r.admit(citizen.Person{
		GivenNames: "Bento", Surnames: "Inventado", BirthDate: citizen.Date{Year: 1950, Month: 2, Day: 3}, Nationality: "PRT", NIC: "99999982",
		Documents: []citizen.Document{{Type: citizen.CitizenCard, Country: citizen.Portugal, Number: "99999982", Expires: citizen.Date{Year: 2030, Month: 1, Day: 31}}},
		Email:     "bento@example.org", Lang: "pt", Standing: citizen.Standing{Accompanied: citizen.No},
	})
	b := r.browser()
	tr := b.prove(b.transaction(b.send(r.ask())), "bento@example.org")
	if tr.Next(r.clock()) != login.StepStop {
		t.Fatalf("at %s", tr.Next(r.clock()))
	}
	if _, err := r.login.Refuse(t.Context(), tr.ID, b.cookie("chave_browser")); err != nil {
		t.Fatal(err)
	}
	r.wantRefusal(t, b.get(tr.Resume), "Responder", "AuthnFailed", saysLevel)

	b = r.browser()
	tr = b.prove(b.transaction(b.send(r.ask(func(a *authn) { a.Extensions = attributes(uriNIC, "1") + level("2") }))), "bento@example.org")
	if got := xmldsig.Text(r.answer(b.agree(tr)).at("Extensions", "FAAALevel")); got != "2" {
		t.Errorf("an e-mail code reached level %q", got)
	}
}

func TestMatrix_1_6_5_a_page_left_open_too_long_still_leads_back_to_the_service(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	tr := b.transaction(b.send(r.ask()))
	r.advance(16 * time.Minute)
	if !tr.Late || tr.Next(r.clock()) != login.StepExpired {
		t.Fatalf("late %v, at %s", tr.Late, tr.Next(r.clock()))
	}
	r.wantRefusal(t, b.get(tr.Resume), "Responder", "AuthnFailed", statusURN+"AuthnFailed (The authentication session has expired).")
}
