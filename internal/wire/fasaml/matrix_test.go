package fasaml_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"chave/internal/core/consent"
	"chave/internal/core/credential"
	"chave/internal/core/login"
	"chave/internal/core/service"
	"chave/internal/format/xmldsig"
	"chave/internal/outside/store"
)

const (
	saysDenied  = statusURN + "RequestDenied (The request has not been processed)."
	saysAttrs   = statusURN + "InvalidAttrNameOrValue (Unexpected or invalid content in the requested attributes)."
	saysLevel   = statusURN + "AuthnFailed (No authentication mechanism satisfies the requested level)."
	saysFeature = statusURN + "RequestUnsupported (The request uses an unsupported feature)."
	saysFailed  = statusURN + "AuthnFailed (It was not possible to authenticate the user)."
	saysCancel  = statusURN + "AuthnFailed (User has canceled the process of obtaining attributes)."
	saysExpired = statusURN + "AuthnFailed (The authentication session has expired)."
	saysOurs    = statusURN + "Responder (Internal error)."
)

func with(f func(*authn)) func(*authn) { return f }

// The rows of §1.4.4 that are answered to the service, each with a request in which that is all that is wrong.
func TestValidation_rows_6_to_12_are_posted_signed(t *testing.T) {
	r := newRig(t)
	asked := func(extensions string) func(*authn) { return with(func(a *authn) { a.Extensions = extensions }) }
	more := func(text string) func(*authn) { return with(func(a *authn) { a.More = text }) }
	for _, c := range []struct {
		name              string
		change            func(*authn)
		top, second, says string
	}{
		{"row 6 another version", with(func(a *authn) { a.Version = "1.1" }), "Requester", "RequestDenied", saysDenied},
		{"row 6 another destination", with(func(a *authn) { a.Destination = "https://elsewhere.example.test/fa/Default.aspx" }), "Requester", "RequestDenied", saysDenied},
		{"row 6 too old", with(func(a *authn) { a.Instant = at(r, -5*time.Minute-time.Second) }), "Requester", "RequestDenied", saysDenied},
		{"row 6 from the future", with(func(a *authn) { a.Instant = at(r, 5*time.Minute+time.Second) }), "Requester", "RequestDenied", saysDenied},
		{"row 6 an instant that is none", with(func(a *authn) { a.Instant = "yesterday" }), "Requester", "RequestDenied", saysDenied},
		{"row 6 a boolean that is none", more(` ForceAuthn="sim"`), "Requester", "RequestDenied", saysDenied},
		{"row 7 AssertionConsumerServiceIndex", more(` AssertionConsumerServiceIndex="0"`), "Requester", "RequestUnsupported", saysFeature},
		{"row 7 AttributeConsumingServiceIndex", more(` AttributeConsumingServiceIndex="1"`), "Requester", "RequestUnsupported", saysFeature},
		{"row 7 another binding", more(` ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"`), "Requester", "RequestUnsupported", saysFeature},
		{"row 8 no Extensions", asked("-"), "Requester", "InvalidAttrNameOrValue", saysAttrs},
		{"row 8 no attributes", asked(level("3")), "Requester", "InvalidAttrNameOrValue", saysAttrs},
		{"row 8 an attribute without a name", asked(attributes(uriNIC, "1", "", "1")), "Requester", "InvalidAttrNameOrValue", saysAttrs},
		{"row 8 level 5", asked(attributes(uriNIC, "1") + level("5")), "Requester", "InvalidAttrNameOrValue", saysAttrs},
		{"row 9 a name under no known root", asked(attributes(uriNIC, "1", "urn:oid:2.5.4.3", "0") + level("3")), "Requester", "InvalidAttrNameOrValue", saysAttrs},
		{"row 11 nothing to know anybody by", asked(attributes(uriAll, "1") + level("3")), "Requester", "InvalidAttrNameOrValue", saysAttrs},
		{"row 12 passive", more(` IsPassive="true"`), "Responder", "NoPassive", statusURN + "NoPassive (The user has to take part in the authentication)."},
		{"the level is the card's", asked(attributes(uriNIC, "1") + level("4")), "Responder", "AuthnFailed", saysLevel},
		{"R5.21 no level means the card's", asked(attributes(uriNIC, "1")), "Responder", "AuthnFailed", saysLevel},
		{"CMD is hidden", asked(attributes(uriNIC, "1") + level("3") + tabs(`<fa:hideAuthTab TabId="CMD"/>`)), "Responder", "AuthnFailed", saysLevel},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := r.wantRefusal(t, r.browser().send(r.ask(c.change)), c.top, c.second, c.says)
			if xmldsig.Attr(a.root, "InResponseTo") == "" || xmldsig.Attr(a.root, "Destination") != acs || xmldsig.Text(a.at("Issuer")) != entity {
				t.Errorf("answered %s", a.raw)
			}
		})
	}
	t.Run("row 10 outside the allow-list", func(t *testing.T) {
		r.register(sp(func(s *service.Settings) { s.Attributes = s.Attributes[:1] }))
		r.wantRefusal(t, r.browser().send(r.ask()), "Requester", "RequestDenied", saysDenied)
		r.register(sp(func(s *service.Settings) {
			s.Attributes = s.Attributes[:1]
			s.SAML.Also = []consent.Name{consent.FullName}
		}))
		if p := r.browser().send(r.ask()); p.status != http.StatusSeeOther {
			t.Errorf("with a permission of the wire's own: %d", p.status)
		}
		p := r.browser().send(r.ask(asked(attributes(uriNIC, "1", "http://interop.gov.pt/MDC/Cidadao/Pseudonimo", "1", "http://eidas.europa.eu/attributes/naturalperson/Gender", "0") + level("3"))))
		if p.status != http.StatusSeeOther {
			t.Errorf("names that nothing supplies: %d %s", p.status, r.reading(p))
		}
		r.register(sp())
	})
	t.Run("earlier rows win", func(t *testing.T) {
		everything := with(func(a *authn) {
			a.More, a.Extensions = ` IsPassive="true" AttributeConsumingServiceIndex="1"`, level("9")
		})
		r.wantRefusal(t, r.browser().send(r.ask(everything)), "Requester", "RequestUnsupported", saysFeature)
		r.wantRefusal(t, r.browser().send(r.ask(everything, with(func(a *authn) { a.Version = "3.0" }))), "Requester", "RequestDenied", saysDenied)
		doc := r.ask(everything)
		r.browser().send(doc)
		r.wantRefusal(t, r.browser().send(doc), "Requester", "RequestDenied", saysDenied) // an id is spent even by a request that was refused
	})
}

func TestValidation_switches_and_defaults_of_the_registration(t *testing.T) {
	r := newRig(t)
	taken := func(t *testing.T, change ...func(*authn)) login.Transaction {
		t.Helper()
		b := r.browser()
		return b.transaction(b.send(r.ask(change...)))
	}
	t.Run("question 5.11 a default level of one's own", func(t *testing.T) {
		r.register(sp(func(s *service.Settings) { s.SAML.DefaultLevel = 3 }))
		if tr := taken(t, func(a *authn) { a.Extensions = attributes(uriNIC, "1") }); tr.MinLevel != 3 {
			t.Errorf("level %d", tr.MinLevel)
		}
	})
	t.Run("no request lowers the registration's level", func(t *testing.T) {
		r.register(sp(func(s *service.Settings) { s.MinLevel = 3 }))
		if tr := taken(t, func(a *authn) { a.Extensions = attributes(uriNIC, "1") + level("1") }); tr.MinLevel != 3 {
			t.Errorf("level %d", tr.MinLevel)
		}
	})
	t.Run("an index that is to be ignored", func(t *testing.T) {
		r.register(sp(func(s *service.Settings) { s.SAML.IgnoreIndex = true }))
		taken(t, func(a *authn) { a.More = ` AttributeConsumingServiceIndex="1"` })
	})
	t.Run("the minimum set switched off", func(t *testing.T) {
		r.register(sp(func(s *service.Settings) { s.SAML.AnyAttributes = true }))
		taken(t, func(a *authn) { a.Extensions = attributes(uriAll, "1") + level("3") })
	})
	t.Run("the only consumer address need not be named", func(t *testing.T) {
		r.register(sp())
		if tr := taken(t, func(a *authn) { a.ACS = "" }); tr.Return != acs {
			t.Errorf("returns to %q", tr.Return)
		}
		r.register(sp(func(s *service.Settings) { s.SAML.ACS = []string{acs, acs + "/2"} }))
		r.wantHere(t, r.browser().send(r.ask(func(a *authn) { a.ACS = "" })), http.StatusForbidden, "CH-1106")
	})
	t.Run("an Issuer with one slash more or less", func(t *testing.T) {
		r.register(sp())
		taken(t, func(a *authn) { a.Issuer = issuer + "/" })
		r.register(sp(func(s *service.Settings) { s.SAML.Issuer = issuer + "/" }))
		taken(t)
	})
	t.Run("a historic Destination", func(t *testing.T) {
		r.register(sp())
		for _, to := range []string{"", "https://old.example.test/Default.aspx", r.server.URL + "/FA/Default.aspx?Modal=true"} {
			taken(t, func(a *authn) { a.Destination = to })
		}
	})
	t.Run("a closed service", func(t *testing.T) {
		r.register(sp(func(s *service.Settings) { s.Closed = true }))
		r.wantHere(t, r.browser().send(r.ask()), http.StatusForbidden, "CH-1105")
	})
	t.Run("a certificate whose time is over", func(t *testing.T) {
		r.register(sp())
		before := r.clock()
		r.advance(6 * 365 * 24 * time.Hour)
		r.wantHere(t, r.browser().send(r.ask()), http.StatusForbidden, "CH-1604")
		r.advance(before.Sub(r.clock()))
	})
}

// The rows of §1.6.5 that end a sign-in.
func TestErrorMatrix_at_the_end_of_a_sign_in(t *testing.T) {
	r := newRig(t)
	begun := func(t *testing.T) (*browser, login.Transaction) {
		t.Helper()
		b := r.browser()
		return b, b.transaction(b.send(r.ask()))
	}
	refuse := func(t *testing.T, b *browser, tr login.Transaction) {
		t.Helper()
		if _, err := r.login.Refuse(t.Context(), tr.ID, b.cookie("chave_browser")); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("cancel before anything was typed", func(t *testing.T) {
		b, tr := begun(t)
		refuse(t, b, tr)
		r.wantRefusal(t, b.get(tr.Resume), "Responder", "AuthnFailed", saysCancel)
	})
	t.Run("everything optional is refused", func(t *testing.T) {
		b := r.browser()
		tr := b.prove(b.transaction(b.send(r.ask(func(a *authn) { a.Extensions = attributes(uriNIC, "0") + level("3") }))), phone)
		r.wantRefusal(t, b.agree(tr, consent.NIC), "Responder", "AuthnFailed", saysCancel)
	})
	t.Run("the flow timed out", func(t *testing.T) {
		b, tr := begun(t)
		r.advance(16 * time.Minute)
		r.wantRefusal(t, b.get(tr.Resume), "Responder", "AuthnFailed", saysExpired)
	})
	t.Run("another browser is told nothing", func(t *testing.T) {
		_, tr := begun(t)
		r.wantHere(t, r.browser().get(tr.Resume), http.StatusForbidden, "CH-1103")
	})
	t.Run("here too early", func(t *testing.T) {
		b, tr := begun(t)
		if p := b.get(tr.Resume); p.status != http.StatusSeeOther || p.location.Path != "/signin/"+tr.ID {
			t.Errorf("answered %d %v", p.status, p.location)
		}
	})
	t.Run("the proof was taken back", func(t *testing.T) {
		b, tr := begun(t)
		tr = b.prove(tr, phone)
		if _, err := r.login.Decide(t.Context(), tr.ID, b.cookie("chave_browser"), []consent.Name{consent.NIC}); err != nil {
			t.Fatal(err)
		}
		if err := r.login.SignOut(t.Context(), b.cookie("chave_compat")); err != nil {
			t.Fatal(err)
		}
		r.wantRefusal(t, b.get(tr.Resume), "Responder", "AuthnFailed", saysFailed)
	})
	// Twins: from here both look alike. Kept or not, the service is told of our failure and never of its cause; what was kept is not given a second time.
	for name, c := range map[string]struct {
		step        store.Step
		again, fits string // fault of a second visit to the end; status of the same request sent again
	}{
		"our failure, nothing kept":        {store.StepCommit, "", ""},
		"our failure, only the reply lost": {store.StepCommitted, "CH-1110", "RequestDenied"},
	} {
		t.Run(name, func(t *testing.T) {
			b, tr := begun(t)
			refuse(t, b, tr)
			failing := func(do func() page) page {
				set := func(inject func(store.Step) error) {
					r.mu.Lock()
					defer r.mu.Unlock()
					r.inject = inject
				}
				set(func(step store.Step) error {
					if step == c.step {
						return errors.New("disk full of secrets")
					}
					return nil
				})
				defer set(nil)
				return do()
			}
			a := r.wantRefusal(t, failing(func() page { return b.get(tr.Resume) }), "Responder", "", saysOurs)
			if strings.Contains(a.raw, "secrets") || !strings.Contains(r.logged(), "level=ERROR") {
				t.Errorf("the cause got out, or not into the log: %s", a.raw)
			}
			if p := b.get(tr.Resume); p.fault() != c.again {
				t.Errorf("the second visit: %d %s", p.status, p.fault())
			}
			doc := r.ask()
			r.wantRefusal(t, failing(func() page { return b.send(doc) }), "Responder", "", saysOurs)
			p := b.send(doc)
			if c.fits == "" && p.status != http.StatusSeeOther {
				t.Errorf("nothing was kept, and the request is refused: %d %s", p.status, r.reading(p))
			}
			if c.fits != "" {
				r.wantRefusal(t, p, "Requester", c.fits, saysDenied)
			}
		})
	}
	t.Run("the registration changed meanwhile", func(t *testing.T) {
		b, tr := begun(t)
		refuse(t, b, tr)
		r.register(sp(func(s *service.Settings) { s.SAML.ACS = []string{acs + "/new"} }))
		r.wantHere(t, b.get(tr.Resume), http.StatusForbidden, "CH-1106")
		r.register(sp())
	})
	t.Run("PIN wrong until the wait", func(t *testing.T) { // last: it keeps the person out for a while
		b, tr := begun(t)
		wrong, _ := credential.ParsePIN("000001")
		for tr.Next(r.clock()) != login.StepStop {
			ctx, cookie := t.Context(), b.cookie("chave_browser")
			var err error
			if tr.Next(r.clock()) == login.StepWho {
				tr, err = r.login.Identify(ctx, tr.ID, cookie, phone, "")
			} else {
				tr, err = r.login.EnterPIN(ctx, tr.ID, cookie, "192.0.2.1", wrong)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		refuse(t, b, tr)
		r.wantRefusal(t, b.get(tr.Resume), "Responder", "AuthnFailed", saysFailed)
	})
}
