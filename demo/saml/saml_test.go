package saml_test

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"chave/demo/saml"
	"chave/demo/saml/samltest"
	"chave/demo/services"
)

var made = sync.OnceValues(func() (services.Pair, error) { return services.NewPair(nil, "test", time.Now()) })

// pairOf makes a party and its provider. Time is ten years ahead of the machine's, so that a check against the wrong clock fails.
func pairOf(t *testing.T, profile string) (*saml.Party, *samltest.Provider) {
	t.Helper()
	pair, err := made()
	if err != nil {
		t.Fatal(err)
	}
	name := map[string]string{saml.FA: "social_security", saml.Standard: "bank"}[profile]
	reg, err := services.Load(name, services.Own{Base: "http://localhost:8102", Secret: strings.Repeat("x", 32), Pair: pair})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().AddDate(10, 0, 0)
	clock := func() time.Time { return now }
	provider := samltest.New(t, profile, reg, clock)
	mux := http.NewServeMux()
	provider.Mount(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	provider.Base = server.URL
	key, cert, err := pair.Read()
	if err != nil {
		t.Fatal(err)
	}
	party, err := saml.New(saml.Config{
		Profile: profile, EntityID: reg.SAML.Issuer, ACS: reg.SAML.ACS[0], Logout: reg.SAML.Logout, Key: key, Certificate: cert.Raw, Issuer: server.URL, Now: clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	return party, provider
}

func both(t *testing.T, f func(t *testing.T, party *saml.Party, provider *samltest.Provider)) {
	for _, profile := range []string{saml.FA, saml.Standard} {
		t.Run(profile, func(t *testing.T) {
			party, provider := pairOf(t, profile)
			f(t, party, provider)
		})
	}
}

func TestAuthnRequest_says_who_asks_for_what_at_which_level(t *testing.T) {
	both(t, func(t *testing.T, party *saml.Party, provider *samltest.Provider) {
		m, err := party.AuthnRequest(t.Context(), []saml.Ask{{Name: "http://interop.gov.pt/MDC/Cidadao/NIC"}, {Name: "http://interop.gov.pt/MDC/Cidadao/NomeCompleto", Required: true}}, 3)
		if err != nil {
			t.Fatal(err)
		}
		xml, err := base64.StdEncoding.DecodeString(m.Value)
		if err != nil {
			t.Fatal(err)
		}
		wants := []string{`ID="` + m.ID + `"`, `Destination="` + provider.Base + `/sso"`, `AssertionConsumerServiceURL="http://localhost:8102/saml/acs"`, ">http://localhost:8102/saml<"}
		if provider.Profile == saml.FA {
			wants = append(wants, `>3</fa:FAAALevel>`, `Name="http://interop.gov.pt/MDC/Cidadao/NIC"`, `isRequired="false"`, `isRequired="true"`)
		} else {
			wants = append(wants, `Comparison="minimum"`, `urn:chave:level:3`, "nameid-format:persistent")
		}
		for _, want := range wants {
			if !strings.Contains(string(xml), want) {
				t.Errorf("the request does not hold %s: %s", want, xml)
			}
		}
		if m.Address != provider.Base+"/sso" || m.Field != "SAMLRequest" {
			t.Errorf("%+v", m)
		}
	})
}

func TestResponse_gives_what_was_signed(t *testing.T) {
	both(t, func(t *testing.T, party *saml.Party, provider *samltest.Provider) {
		a, err := party.Response(t.Context(), provider.Respond("_1"), "_1")
		if err != nil {
			t.Fatal(err)
		}
		if a.Level != 3 || len(a.Attributes) < 2 || a.Attributes[0].Values[0] != "Ana Made-Up" || !strings.Contains(a.XML, "Assertion") {
			t.Errorf("%+v", a)
		}
		if provider.Profile == saml.FA && (a.Attributes[2].State != saml.Withheld || a.Attributes[3].State != saml.NotAvailable) {
			t.Errorf("states %+v", a.Attributes)
		}
		if provider.Profile == saml.Standard && (a.NameID != "pairwise-1" || a.SessionIndex != "index-1") {
			t.Errorf("%+v", a)
		}
	})
}

func TestResponse_refusals_are_told_apart(t *testing.T) {
	both(t, func(t *testing.T, party *saml.Party, provider *samltest.Provider) {
		for status, no := range map[string]bool{
			`<StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"><StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:AuthnFailed" /></StatusCode><StatusMessage>urn:oasis:names:tc:SAML:2.0:status:AuthnFailed (User has canceled the process of obtaining attributes).</StatusMessage>`: true,
			`<StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Requester"><StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:RequestDenied" /></StatusCode><StatusMessage>urn:oasis:names:tc:SAML:2.0:status:RequestDenied (The request has not been processed).</StatusMessage>`:                false,
		} {
			provider.Status = status
			_, err := party.Response(t.Context(), provider.Respond("_1"), "_1")
			var refused *saml.Refused
			if !errors.As(err, &refused) || refused.Canceled() != no {
				t.Errorf("%v", err)
			}
		}
	})
}

func TestResponse_refuses_every_wrong_answer(t *testing.T) {
	swap := func(old, new string) func(string) string {
		return func(xml string) string {
			if !strings.Contains(xml, old) {
				t.Errorf("nothing to spoil: %s", old)
			}
			return strings.Replace(xml, old, new, 1)
		}
	}
	other, err := services.NewPair(nil, "stranger", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	both(t, func(t *testing.T, party *saml.Party, provider *samltest.Provider) {
		for name, spoil := range map[string]func(){
			"of another issuer": func() { provider.Spoil = swap("/idp</Issuer>", "/evil</Issuer>") },
			"for another address": func() {
				provider.Spoil = swap(`Destination="http://localhost:8102`, `Destination="http://localhost:8103`)
			},
			"for another recipient": func() { provider.Spoil = swap(`Recipient="http://localhost:8102`, `Recipient="http://localhost:8103`) },
			"for another audience":  func() { provider.Spoil = swap("<Audience>http://localhost:8102", "<Audience>http://localhost:8103") },
			"for no audience": func() {
				provider.Spoil = swap("<AudienceRestriction><Audience>http://localhost:8102/saml</Audience></AudienceRestriction>", "")
			},
			"without conditions": func() { provider.Spoil = strings.NewReplacer("Conditions", "Advice").Replace },
			"to another request": func() { provider.Spoil = swap(`InResponseTo="_1"`, `InResponseTo="_2"`) },
			"about another request": func() {
				provider.Spoil = func(x string) string {
					return strings.Replace(x, `InResponseTo="_1" Address`, `InResponseTo="_2" Address`, 1)
				}
			},
			"not for its bearer":        func() { provider.Spoil = swap("cm:bearer", "cm:sender-vouches") },
			"of another version":        func() { provider.Spoil = swap(`Version="2.0"`, `Version="1.1"`) },
			"signed by a stranger":      func() { provider.SignWith = &other },
			"changed after signing":     func() { provider.Forge = swap("Ana Made-Up", "Eva Made-Up") },
			"with a comment in a value": func() { provider.Forge = swap("Ana Made-Up", "Ana<!-- --> Made-Up and more") },
			"with a document type":      func() { provider.Forge = func(x string) string { return `<!DOCTYPE x [<!ENTITY e "x">]>` + x } },
			"with an id twice":          func() { provider.Spoil = swap(`<Subject>`, `<Advice ID="_r"/><Subject>`) },
			"wrapped":                   func() { provider.Forge = wrap },
			"without a signature":       func() { provider.Forge = unsigned },
		} {
			t.Run(name, func(t *testing.T) {
				provider.Spoil, provider.Forge, provider.SignWith = nil, nil, nil
				spoil()
				encoded := provider.Respond("_1")
				if a, err := party.Response(t.Context(), encoded, "_1"); err == nil {
					t.Errorf("accepted: %+v", a)
				}
			})
		}
		provider.Spoil, provider.Forge, provider.SignWith = nil, nil, nil
		for name, encoded := range map[string]string{"nothing": "", "no base64": "%%%", "no XML": base64.StdEncoding.EncodeToString([]byte("hello")), "too long": strings.Repeat("A", 4<<20)} {
			if _, err := party.Response(t.Context(), encoded, "_1"); err == nil {
				t.Errorf("%s is accepted", name)
			}
		}
		if _, err := party.Response(t.Context(), provider.Respond(""), ""); err == nil {
			t.Error("an answer to no request is accepted")
		}
		if _, err := party.Response(t.Context(), provider.Respond("_1"), "_1"); err != nil {
			t.Errorf("after all this a sound one is refused: %v", err)
		}
	})
}

// wrap puts the signed response inside a forged one, as signature wrapping does.
func wrap(xml string) string {
	forged := strings.ReplaceAll(xml, "Ana Made-Up", "Eva Made-Up")
	forged = strings.Replace(forged, `ID="_r"`, `ID="_forged"`, 1)
	begin, end := strings.Index(forged, "<Signature"), strings.Index(forged, "</Signature>")
	signature := forged[begin : end+len("</Signature>")]
	signature = strings.Replace(signature, "</Signature>", "<Object>"+xml+"</Object></Signature>", 1)
	return forged[:begin] + signature + forged[end+len("</Signature>"):]
}

func unsigned(xml string) string {
	begin, end := strings.Index(xml, "<Signature"), strings.Index(xml, "</Signature>")
	return xml[:begin] + xml[end+len("</Signature>"):]
}

func TestResponse_expires_by_the_demonstrations_clock(t *testing.T) {
	both(t, func(t *testing.T, party *saml.Party, provider *samltest.Provider) {
		now := provider.Now()
		for name, by := range map[string]time.Duration{"old": -7 * time.Minute, "of the future": 6 * time.Minute} {
			provider.Now = func() time.Time { return now.Add(by) }
			if _, err := party.Response(t.Context(), provider.Respond("_1"), "_1"); err == nil {
				t.Errorf("an answer that is %s is accepted", name)
			}
		}
	})
}

func TestMetadata_is_read_again_when_the_key_changed(t *testing.T) {
	next, err := services.NewPair(nil, "next", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	party, provider := pairOf(t, saml.FA)
	if _, err := party.Response(t.Context(), provider.Respond("_1"), "_1"); err != nil {
		t.Fatal(err)
	}
	provider.Rekey(next)
	if _, err := party.Response(t.Context(), provider.Respond("_1"), "_1"); err == nil {
		t.Error("a bad answer makes the party ask at once again")
	}
	party.Forget()
	if _, err := party.Response(t.Context(), provider.Respond("_1"), "_1"); err != nil {
		t.Error(err)
	}
}

func TestLogout_both_ways(t *testing.T) {
	both(t, func(t *testing.T, party *saml.Party, provider *samltest.Provider) {
		m, err := party.LogoutRequest(t.Context(), "pairwise-1", "", "index-1")
		if err != nil || m.Address != provider.Base+"/slo" {
			t.Fatalf("%+v %v", m, err)
		}
		e, err := party.LogoutRequested(t.Context(), provider.LogoutRequest("pairwise-1", "index-1"))
		if err != nil {
			t.Fatal(err)
		}
		if !e.Names("pairwise-1", "index-1") || e.Names("pairwise-1", "index-2") || e.Names("pairwise-2", "index-1") || e.Answer.Field != "SAMLResponse" {
			t.Errorf("%+v", e)
		}
		if _, err := party.LogoutRequested(t.Context(), provider.Respond("_1")); err == nil {
			t.Error("a response is taken for a logout request")
		}
	})
}

func FuzzResponse(f *testing.F) {
	f.Add("<Response/>")
	f.Add(`<!DOCTYPE a><a b="c">&d;</a>`)
	pair, err := made()
	if err != nil {
		f.Fatal(err)
	}
	key, cert, err := pair.Read()
	if err != nil {
		f.Fatal(err)
	}
	server := httptest.NewServer(http.NotFoundHandler())
	f.Cleanup(server.Close)
	party, err := saml.New(saml.Config{Profile: saml.FA, EntityID: "e", ACS: "a", Logout: "l", Key: key, Certificate: cert.Raw, Issuer: server.URL})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, xml string) {
		if _, err := party.Response(t.Context(), base64.StdEncoding.EncodeToString([]byte(xml)), "_1"); err == nil {
			t.Error("accepted")
		}
	})
}
