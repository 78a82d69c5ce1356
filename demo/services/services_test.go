package services

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var secret = strings.Repeat("s3cret-_", 5)

var made = sync.OnceValues(func() (Pair, error) { return NewPair(nil, "test", time.Now()) })

// pair is one for all tests: making it takes a while.
func pair(t *testing.T) Pair {
	t.Helper()
	p, err := made()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestLoad_fills_every_service_with_its_own_addresses(t *testing.T) {
	for i, name := range Names() {
		base := fmt.Sprintf("http://localhost:%d", 8101+i)
		r, err := Load(name, Own{base, secret, pair(t)})
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(strings.Join(r.RedirectURIs, ""), "{}") || r.RedirectURIs[0] != base+"/callback" || r.URL != base+"/" {
			t.Errorf("%s: addresses %v %s", name, r.RedirectURIs, r.URL)
		}
		if len(r.Attributes) == 0 || r.Name.EN == "" || r.Name.PT == "" || r.MinLevel == 0 {
			t.Errorf("%s is incomplete: %+v", name, r)
		}
		for _, a := range r.Attributes {
			if a.Reason.EN == "" || a.Reason.PT == "" {
				t.Errorf("%s: %s has no reason in both languages", name, a.Name)
			}
		}
		if s := r.Scopes(); s[0] != "openid" || !slices.Contains(s, "profile") {
			t.Errorf("%s: scopes %v", name, s)
		}
		if strings.Contains(fmt.Sprintf("%v %+v %#v", r.Secret, r.Secret, r.Secret), secret) {
			t.Error("the secret prints")
		}
		if r.Publish().ClientSecret != secret {
			t.Error("the tester does not get the secret")
		}
	}
}

func TestLoad_PAIN_11_one_service_is_for_everybody_and_one_too_narrow(t *testing.T) {
	required := func(name string) (list []string) {
		r, err := Load(name, Own{"http://localhost:1", secret, pair(t)})
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range r.Attributes {
			if a.Required {
				list = append(list, a.Name)
			}
		}
		return list
	}
	if got := required("hospital"); !slices.Equal(got, []string{"full_name", "birth_date"}) {
		t.Errorf("hospital requires %v", got)
	}
	if got := required("health"); !slices.Contains(got, "nic") {
		t.Errorf("health requires %v", got)
	}
}

func TestLoad_refuses_what_would_break_the_file(t *testing.T) {
	for _, c := range [][2]string{
		{"http://localhost:8101/", secret}, {"localhost", secret}, {"http://localhost:8101", "short"},
		{"http://localhost:8101", secret + "\"\nx: y"},
	} {
		if _, err := Load("tax", Own{Base: c[0], Secret: c[1]}); err == nil {
			t.Errorf("accepted %q", c)
		}
	}
	if _, err := Load("casino", Own{"http://localhost:1", secret, pair(t)}); err == nil {
		t.Error("an unknown service is accepted")
	}
}

func TestLoad_three_services_know_another_wire_too(t *testing.T) {
	load := func(name string) Registration {
		r, err := Load(name, Own{"http://localhost:8102", secret, pair(t)})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for name, wire := range map[string]string{"social_security": "fa", "bank": "saml"} {
		r := load(name)
		got := r.Publish().SAML
		if got == nil || got.Wire != wire || got.Issuer != "http://localhost:8102/saml" || got.ACS != "http://localhost:8102/saml/acs" {
			t.Fatalf("%s: %+v", name, got)
		}
		if r.SAML.Certificates[0] != pair(t).Certificate || got.Certificate != pair(t).Certificate {
			t.Errorf("%s: the certificate did not survive the file", name)
		}
		if _, _, err := (Pair{got.Certificate, Secret(got.Key)}).Read(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Contains(fmt.Sprintf("%v %+v %#v", r.Pair, r.Pair, r.Pair), "PRIVATE KEY") {
			t.Error("the key prints")
		}
	}
	r := load("health")
	if got := r.Publish().OAuth; got == nil || len(got.ClientID) != 12 || got.RedirectURIs[0] != "http://localhost:8102/oauth/callback" || !r.OAuth.Native {
		t.Errorf("health: %+v", got)
	}
	for _, name := range []string{"implicit_token", "long_token", "no_state"} {
		if _, on := r.Compat[name]; !on {
			t.Errorf("health: %s is off", name)
		}
	}
	for _, name := range []string{"tax", "hospital"} {
		if p := load(name).Publish(); p.SAML != nil || p.OAuth != nil || Signs(name) {
			t.Errorf("%s: %+v", name, p)
		}
	}
	t.Run("not without a key", func(t *testing.T) {
		if _, err := Load("bank", Own{Base: "http://localhost:1", Secret: secret}); err == nil {
			t.Error("accepted")
		}
	})
	t.Run("holders of a card can be known by NIC and name on each", func(t *testing.T) {
		for _, name := range []string{"social_security", "health", "bank"} {
			r := load(name)
			var may []string
			for _, a := range r.Attributes {
				may = append(may, a.Name)
			}
			if r.SAML != nil {
				may = append(may, r.SAML.Also...)
			}
			if r.OAuth != nil {
				may = append(may, r.OAuth.Also...)
			}
			for _, want := range []string{"nic", "full_name", "document"} {
				if !slices.Contains(may, want) {
					t.Errorf("%s may not ask for %s", name, want)
				}
			}
		}
	})
}
