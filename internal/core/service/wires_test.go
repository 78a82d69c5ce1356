package service_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"chave/internal/core/consent"
	"chave/internal/core/service"
)

// certificate makes one with an RSA key of so many bits.
func certificate(t *testing.T, bits int, from, to time.Time) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sp.example"}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func known() service.Settings {
	return service.Settings{
		ID: "portal", Name: service.Text{"pt": "Portal", "en": "Portal"}, RedirectURIs: []string{"https://sp.example/cb"}, AuthMethod: service.NoAuth,
		Attributes: []service.Ask{{Name: consent.FullName}},
	}
}

func TestWires_every_problem_of_a_registration_is_told_at_once(t *testing.T) {
	s := known()
	s.SAML = &service.SAML{
		Wire: service.WireFA, Issuer: "not a uri", ACS: []string{"http://sp.example/acs"}, Signature: "legacy", UnsignedRequests: true, LogoutDomain: "pt",
		Also: []consent.Name{"shoe_size"}, DefaultLevel: 9,
	}
	s.OAuth = &service.OAuth{ClientID: "abc", Domain: "sp.example:8443"}
	s.Compat = map[service.Switch]service.Allowance{"all": {}, service.NoState: {Until: "soon"}}
	_, err := service.New(s, noVault{})
	var problems service.Problems
	if !errors.As(err, &problems) {
		t.Fatal(err)
	}
	for _, path := range []string{
		"saml.issuer", "saml.acs[0]", "saml.signature", "saml.unsigned_requests", "saml.logout_domain", "saml.also[0]", "saml.default_level",
		"oauth.client_id", "oauth.domain", "compat.implicit_token", "compat.all", "compat.no_state.until",
	} {
		if !strings.Contains("\n"+err.Error()+"\n"+problems.Error(), "\n"+path+":") {
			t.Errorf("%s is not told", path)
		}
	}
}

func TestA18_keys_shorter_than_2048_bits_are_refused_and_only_living_certificates_count(t *testing.T) {
	now := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	if _, err := service.Certificate(certificate(t, 1024, now, now.Add(time.Hour))); err == nil {
		t.Error("1024 bits are accepted")
	}
	one := service.SAML{Certificates: []string{
		certificate(t, 2048, now.Add(-48*time.Hour), now.Add(-24*time.Hour)), certificate(t, 2048, now.Add(-time.Hour), now.Add(time.Hour)),
		certificate(t, 2048, now.Add(24*time.Hour), now.Add(48*time.Hour)),
	}}
	if got := len(one.Keys(now)); got != 1 {
		t.Errorf("%d keys count", got)
	}
}

func TestBlueprint_4_9_a_switch_is_off_unless_turned_on_and_ends_with_its_last_day(t *testing.T) {
	s := service.Service{Settings: service.Settings{Compat: map[service.Switch]service.Allowance{
		service.ImplicitToken: {}, service.LegacySHA1: {Until: "2026-11-23"},
	}}}
	lastDay := time.Date(2026, 11, 23, 23, 59, 0, 0, time.UTC)
	if s.Allows(service.LongToken, lastDay) || !s.Allows(service.ImplicitToken, lastDay) || !s.Allows(service.LegacySHA1, lastDay) {
		t.Error("a switch is not what the registration says")
	}
	if s.Allows(service.LegacySHA1, lastDay.Add(time.Minute)) {
		t.Error("a switch outlives its last day")
	}
	wall := s.Wall(lastDay.Add(time.Minute))
	if len(wall) != 2 || wall[0].Switch != service.LegacySHA1 || wall[0].Open || wall[0].Change == "" || wall[0].Until == "" || !wall[1].Open {
		t.Errorf("the operator is shown %+v", wall)
	}
}
