package service_test

import (
	"testing"

	"chave/internal/core/service"
)

type noVault struct{}

func (noVault) MAC(string, ...[]byte) []byte { return []byte("mac") }

func registered(t *testing.T, id string, redirects ...string) service.Service {
	t.Helper()
	s, err := service.New(service.Settings{
		ID: id, Name: service.Text{"pt": id, "en": id}, RedirectURIs: redirects, AuthMethod: service.NoAuth,
	}, noVault{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// OIDC Core §8.1 takes the sector from the host of the redirect address. Programs on people's own machines have a scheme of their own or loopback there, which say
// nothing of whose they are: all of them would know a person by one subject, and could put together what each knows (N18).
func TestN18_services_of_different_owners_never_share_a_sector_by_accident(t *testing.T) {
	for _, one := range []struct{ name, first, second string }{
		{"schemes of their own", "org.example.one:/cb", "org.example.two:/cb"},
		{"loopback by number", "http://127.0.0.1/cb", "http://127.0.0.1/cb"},
		{"loopback by name", "http://localhost/cb", "http://localhost/other"},
		{"loopback, IPv6", "http://[::1]/cb", "http://[::1]/cb"},
		{"two sites", "https://one.example/cb", "https://two.example/cb"},
	} {
		t.Run(one.name, func(t *testing.T) {
			first, second := registered(t, "first", one.first), registered(t, "second", one.second)
			if first.Sector == "" || first.Sector == second.Sector {
				t.Fatalf("sectors %q and %q", first.Sector, second.Sector)
			}
		})
	}
	t.Run("one site stays one sector", func(t *testing.T) {
		first, second := registered(t, "first", "https://one.example/cb"), registered(t, "second", "https://one.example/other")
		if first.Sector != "one.example" || second.Sector != first.Sector {
			t.Fatalf("sectors %q and %q", first.Sector, second.Sector)
		}
	})
	t.Run("a program with several addresses of its own machine is one", func(t *testing.T) {
		if s := registered(t, "first", "http://127.0.0.1/cb", "http://[::1]/cb", "org.example.one:/cb"); s.Sector == "" {
			t.Fatal("no sector")
		}
	})
}
