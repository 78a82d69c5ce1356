package main

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"chave/demo/services"
	"chave/test/drive"
)

// visit presses the main button of a service, signs somebody in, and gives the page on which the service rests.
func (r ready) visit(t *testing.T, who person, pin, service string, answer drive.Answer) (drive.Page, *drive.Browser) {
	t.Helper()
	var front string
	for _, s := range read[[]registered](t, r.Tester+"/services") {
		if s.ClientID == service {
			front = s.URL
		}
	}
	lines := new(drive.Lines)
	b := &drive.Browser{Lines: lines, Language: "en"}
	leaves := func(u *url.URL) bool { return strings.Contains(u.Path, "/resume/") }
	walk := drive.Walk{
		Browser: b, Inbox: drive.Door{URL: r.Tester, Lines: lines}, Stop: leaves, Answer: answer,
		Person: drive.Person{Identifier: who.contact(), PIN: pin, Contact: who.contact()},
	}
	start, err := url.Parse(front)
	if err != nil {
		t.Fatal(err)
	}
	page, err := b.Get(t.Context(), start)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the button, and where the wire goes through the browser, the form for Chave
		page = sendOn(t, b, page, leaves)
		if strings.HasPrefix(page.URL.Path, "/signin/") {
			break
		}
	}
	back, err := walk.On(t.Context(), page, "authorize")
	if err != nil {
		t.Fatal(err)
	}
	if page, err = b.Get(t.Context(), back); err != nil {
		t.Fatal(err)
	}
	if back = page.Next; back != nil && back.Fragment != "" { // what the script of the service's page does
		values, err := url.ParseQuery(back.EscapedFragment())
		if err != nil {
			t.Fatal(err)
		}
		to := *back
		to.Fragment, to.RawFragment = "", ""
		if page, err = b.Post(t.Context(), &to, values); err != nil {
			t.Fatal(err)
		}
	} else {
		page = sendOn(t, b, page, nil)
	}
	if page, err = b.Follow(t.Context(), page, nil); err != nil {
		t.Fatal(err)
	}
	return page, b
}

// sendOn sends the first form of a page, from that page's origin, and follows.
func sendOn(t *testing.T, b *drive.Browser, page drive.Page, stop func(*url.URL) bool) drive.Page {
	t.Helper()
	forms, err := drive.Forms(page)
	if err != nil || len(forms) == 0 {
		t.Fatalf("%s holds no form: %v\n%s", page.URL, err, page.Body)
	}
	if page, err = b.PostFrom(t.Context(), page.URL.Scheme+"://"+page.URL.Host, forms[0].Action, forms[0].Values); err != nil {
		t.Fatal(err)
	}
	if page, err = b.Follow(t.Context(), page, stop); err != nil {
		t.Fatal(err)
	}
	return page
}

// TestDemo_services_sign_in_over_their_own_wires presses the buttons that people press. The services' half was written on other libraries than Chave's.
func TestDemo_services_sign_in_over_their_own_wires(t *testing.T) {
	r := demo(t)
	people := read[[]person](t, r.Tester+"/people")
	card := people[0]
	var foreigner person
	for _, p := range people {
		if p.PIN != nil && p.Phone != nil && p.Documents[0].Type == "passport" {
			foreigner = p
			break
		}
	}
	says := func(t *testing.T, page drive.Page, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !bytes.Contains(page.Body, []byte(want)) {
				t.Errorf("%s does not say %q:\n%s", page.URL, want, page.Body)
			}
		}
	}
	over := func(t *testing.T) {
		for service, wants := range map[string][]string{
			"social-security": {"FAAALevel 3", "SAML, Portugal", "MDC/Cidadao/NIC"},
			"bank":            {"urn:chave:level:3", "SAML 2.0"},
			"health":          {"attribute door", "MDC/Cidadao/NIC"},
		} {
			t.Run(service, func(t *testing.T) {
				page, b := r.visit(t, card, *card.PIN, service, drive.Allow)
				says(t, page, append(wants, strings.ToUpper(card.Name), card.Documents[0].Number[:8])...)
				page = sendOn(t, b, page, nil) // the way out
				if service != "health" {
					page = sendOn(t, b, page, nil)
					page = sendOn(t, b, page, nil)
				}
				if page.URL.Path != "/signed-out" {
					t.Errorf("signing out rests at %s", page.URL)
				}
			})
		}
	}
	if status := send(t, r.Tester+"/sources", `{"source": "social_security", "behaviour": "ok"}`); status != http.StatusOK {
		t.Fatal(status) // slow unless told otherwise, and this test is not about that
	}
	t.Run("a holder of a card is known by number and name", over)
	t.Run("somebody with a passport is known by the passport", func(t *testing.T) {
		page, _ := r.visit(t, foreigner, *foreigner.PIN, "social-security", drive.Allow)
		says(t, page, "PAS", foreigner.Documents[0].Number, "NotAvailable")
	})
	t.Run("no is no", func(t *testing.T) {
		for _, service := range []string{"social-security", "bank", "health"} {
			page, _ := r.visit(t, card, *card.PIN, service, drive.Deny)
			says(t, page, "You said no", "access_denied")
		}
	})
	t.Run("an hour later by the demonstration's clock", func(t *testing.T) {
		if status := send(t, r.Tester+"/clock", `{"advance": "1h"}`); status != http.StatusOK {
			t.Fatal(status)
		}
		over(t)
	})
	t.Run("after starting over, with new keys", func(t *testing.T) {
		before := read[map[string]*string](t, r.Tester+"/certs")
		if status := send(t, r.Tester+"/reset", ""); status != http.StatusOK {
			t.Fatal(status)
		}
		after := read[map[string]*string](t, r.Tester+"/certs")
		if *before["saml_idp"] == *after["saml_idp"] || *before["saml_idp_standard"] == *after["saml_idp_standard"] {
			t.Error("the keys stayed")
		}
		over(t)
	})
	t.Run("the door publishes what a SAML or OAuth client needs", func(t *testing.T) {
		wires := map[string]string{}
		for _, s := range read[[]services.Published](t, r.Tester+"/services") {
			switch {
			case s.SAML != nil:
				wires[s.ClientID] = s.SAML.Wire
				if _, _, err := (services.Pair{Certificate: s.SAML.Certificate, Key: services.Secret(s.SAML.Key)}).Read(); err != nil {
					t.Errorf("%s: %v", s.ClientID, err)
				}
			case s.OAuth != nil:
				wires[s.ClientID] = "oauth"
			}
		}
		if len(wires) != 3 || wires["social-security"] != "fa" || wires["bank"] != "saml" || wires["health"] != "oauth" {
			t.Errorf("%v", wires)
		}
	})
	t.Run("a source behaves as it is told, until the next start", func(t *testing.T) {
		if status := send(t, r.Tester+"/sources", `{"source": "health", "behaviour": "ok"}`); status != http.StatusOK {
			t.Fatal(status)
		}
		page, _ := r.visit(t, card, *card.PIN, "health", drive.Allow)
		says(t, page, "Health scheme")
		if status := send(t, r.Tester+"/reset", ""); status != http.StatusOK {
			t.Fatal(status)
		}
		for _, s := range read[[]map[string]string](t, r.Tester+"/sources") {
			if s["source"] == "health" && s["behaviour"] == "ok" {
				t.Error("the manners outlived the start")
			}
		}
	})
	t.Run("the pages for integrators answer", func(t *testing.T) {
		for _, service := range []string{"", "/tax", "/social-security", "/health", "/hospital", "/bank"} {
			at, err := url.Parse(r.Tester + "/integrate" + service)
			if err != nil {
				t.Fatal(err)
			}
			page, err := (&drive.Browser{Lines: new(drive.Lines), Language: "en"}).Get(t.Context(), at)
			if err != nil || page.Status != http.StatusOK {
				t.Errorf("%s: %d %v", at, page.Status, err)
			}
			if service == "/bank" || service == "/social-security" {
				says(t, page, "BEGIN CERTIFICATE")
			}
		}
	})
}
