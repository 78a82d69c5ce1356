package services

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

var secret = strings.Repeat("s3cret-_", 5)

func TestLoad_fills_every_service_with_its_own_addresses(t *testing.T) {
	for i, name := range Names() {
		base := fmt.Sprintf("http://localhost:%d", 8101+i)
		r, err := Load(name, base, secret)
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
		r, err := Load(name, "http://localhost:1", secret)
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
		if _, err := Load("tax", c[0], c[1]); err == nil {
			t.Errorf("accepted %q", c)
		}
	}
	if _, err := Load("casino", "http://localhost:1", secret); err == nil {
		t.Error("an unknown service is accepted")
	}
}
