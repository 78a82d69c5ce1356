package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chave/test/drive"
)

// ready is what --ready-file promises.
type ready struct {
	Portal, Issuer, Tester string
	Services               []struct{ Name, URL string }
}

// demo runs `chave demo` on free ports until the test ends.
func demo(t *testing.T, args ...string) ready {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	file := filepath.Join(t.TempDir(), "ready.json")
	ended := make(chan error, 1)
	args = append([]string{"demo", "--port", "0", "--tester-port", "0", "--services-port", "0", "--ready-file", file}, args...)
	go func() { ended <- run(ctx, args, strings.NewReader(""), new(bytes.Buffer), new(bytes.Buffer)) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the demo ended with %v", err)
		}
	})
	for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		data, err := os.ReadFile(file)
		if errors.Is(err, os.ErrNotExist) && time.Since(began) < 20*time.Second {
			continue
		}
		var r ready
		if err == nil {
			err = json.Unmarshal(data, &r)
		}
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
}

func read[T any](t *testing.T, address string) T {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var into T
	if err := json.NewDecoder(resp.Body).Decode(&into); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", address, resp.StatusCode, err)
	}
	return into
}

func send(t *testing.T, address, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

type person struct {
	ID, Name  string
	Phone     *string
	Email     *string
	PIN       *string
	Documents []struct{ Type, Country, Number string }
	Describes string
}

func (p person) contact() string {
	if p.Phone != nil {
		return *p.Phone
	}
	return *p.Email
}

type registered struct {
	Name         string
	ClientID     string   `json:"client_id"`
	ClientSecret string   `json:"client_secret"`
	RedirectURIs []string `json:"redirect_uris"`
	URL          string
}

func (r ready) service(t *testing.T, id string, lines *drive.Lines) *drive.Service {
	t.Helper()
	for _, s := range read[[]registered](t, r.Tester+"/services") {
		if s.ClientID == id {
			return &drive.Service{Issuer: r.Issuer, ID: s.ClientID, Secret: s.ClientSecret, RedirectURI: s.RedirectURIs[0], Scope: "openid profile", Lines: lines}
		}
	}
	t.Fatalf("no service %q", id)
	return nil
}

// signIn walks one whole sign-in and returns the ID token's claims.
func (r ready) signIn(t *testing.T, who person, identifier, country, pin, service string) (map[string]any, error) {
	t.Helper()
	lines := new(drive.Lines)
	rp := r.service(t, service, lines)
	ask, flow, err := rp.Ask()
	if err != nil {
		return nil, err
	}
	walk := drive.Walk{
		Browser: &drive.Browser{Lines: lines, Language: "en"}, Inbox: drive.Door{URL: r.Tester, Lines: lines}, Stop: rp.Back,
		Person: drive.Person{Identifier: identifier, Country: country, PIN: pin, Contact: who.contact()},
	}
	back, err := walk.From(t.Context(), ask)
	if err != nil {
		return nil, err
	}
	code, err := rp.Code(flow, back)
	if err != nil {
		return nil, err
	}
	tokens, err := rp.Redeem(t.Context(), flow, code)
	if err != nil {
		return nil, err
	}
	return drive.Claims(tokens.IDToken)
}

// TestDemo_keeps_its_contract goes through docs/testing-your-service.md line by line.
func TestDemo_keeps_its_contract(t *testing.T) {
	r := demo(t)
	people := read[[]person](t, r.Tester+"/people")
	t.Run("at least fourteen residents, each with a line on what they show", func(t *testing.T) {
		if len(people) < 14 {
			t.Fatalf("%d people", len(people))
		}
		for _, p := range people {
			if p.Describes == "" || p.Name == "" || len(p.Documents) == 0 {
				t.Errorf("%+v", p)
			}
		}
	})
	t.Run("those who can sign in come first, two passport holders with a phone among them", func(t *testing.T) {
		passports := 0
		for _, p := range people[:6] {
			if p.PIN == nil {
				t.Errorf("%s comes early and has no PIN", p.ID)
			}
			if p.Documents[0].Type == "passport" && p.Phone != nil {
				passports++
			}
		}
		if passports < 2 {
			t.Errorf("%d passport holders with a phone among the first", passports)
		}
	})
	t.Run("every kind of document signs in with its number at the hospital", func(t *testing.T) {
		seen := map[string]bool{}
		for _, p := range people {
			d := p.Documents[0]
			if p.PIN == nil || seen[d.Type] {
				continue
			}
			claims, err := r.signIn(t, p, d.Number, d.Country, *p.PIN, "hospital")
			if err != nil {
				continue // some show what does not work any more
			}
			seen[d.Type] = true
			if !strings.EqualFold(claims["name"].(string), p.Name) {
				t.Errorf("%s: name %q, want %q", p.ID, claims["name"], p.Name)
			}
		}
		for _, kind := range []string{"citizen_card", "identity_card", "passport", "residence_permit", "residence_card"} {
			if !seen[kind] {
				t.Errorf("nobody signed in with a %s", kind)
			}
		}
	})
	t.Run("R3.03 e-mail only reaches level 2, and only where that is enough", func(t *testing.T) {
		for _, p := range people {
			if p.PIN == nil || p.Phone != nil {
				continue
			}
			claims, err := r.signIn(t, p, *p.Email, "", *p.PIN, "hospital")
			if err != nil || claims["acr"] != "urn:chave:level:2" {
				t.Fatalf("%v, %v", claims["acr"], err)
			}
			var stuck *drive.Stuck
			if _, err := r.signIn(t, p, *p.Email, "", *p.PIN, "tax"); !errors.As(err, &stuck) || stuck.Code != "CH-1107" {
				t.Fatalf("at the tax portal: %v", err)
			}
			return
		}
		t.Fatal("nobody has only an e-mail")
	})
	first := people[0]
	t.Run("moving the clock ends a wait", func(t *testing.T) {
		for range 3 {
			if _, err := r.signIn(t, first, *first.Phone, "", "550137", "tax"); err == nil {
				t.Fatal("a wrong PIN opened")
			}
		}
		var stuck *drive.Stuck
		if _, err := r.signIn(t, first, *first.Phone, "", *first.PIN, "tax"); !errors.As(err, &stuck) || stuck.Code != "CH-1204" {
			t.Fatalf("during the wait: %v", err)
		}
		if status := send(t, r.Tester+"/clock", `{"advance": "5m"}`); status != http.StatusOK {
			t.Fatalf("moving the clock: %d", status)
		}
		if _, err := r.signIn(t, first, *first.Phone, "", *first.PIN, "tax"); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("starting over", func(t *testing.T) {
		if status := send(t, r.Tester+"/reset", ""); status != http.StatusOK {
			t.Fatalf("resetting: %d", status)
		}
		if inbox := read[[]any](t, r.Tester+"/inbox?to="+url.QueryEscape(*first.Phone)); len(inbox) != 0 {
			t.Fatalf("%d messages after a reset", len(inbox))
		}
		if _, err := r.signIn(t, first, *first.Phone, "", *first.PIN, "tax"); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("every address answers", func(t *testing.T) {
		for _, address := range []string{r.Portal, r.Tester, r.Tester + "/country", r.Portal + "/help", r.Issuer + "/.well-known/openid-configuration"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				t.Errorf("%s answers %d", address, resp.StatusCode)
			}
		}
		if len(r.Services) != 5 {
			t.Errorf("%d services", len(r.Services))
		}
	})
}

func TestDemo_keeps_a_folder_across_starts(t *testing.T) {
	dir := t.TempDir()
	start := func(t *testing.T) {
		r := demo(t, "--data", dir)
		people := read[[]person](t, r.Tester+"/people")
		if _, err := r.signIn(t, people[1], *people[1].Phone, "", *people[1].PIN, "hospital"); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("first start", start)
	t.Run("second start", start)
}
