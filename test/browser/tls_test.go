//go:build browser

package browser

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"path/filepath"
	"testing"

	"chave/test/browser/chromium"
	"chave/test/browser/country"
)

func TestJourney_over_TLS(t *testing.T) {
	home, err := country.Start(t.Context(), on.program, t.TempDir(), "--tls")
	if err != nil {
		t.Fatal(err)
	}
	defer home.Stop()
	block, _ := pem.Decode([]byte(home.CA))
	if block == nil {
		t.Fatal("no authority")
	}
	authority, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	// This Chromium trusts what that one key has signed, and otherwise checks certificates as ever.
	key := sha256.Sum256(authority.RawSubjectPublicKeyInfo)
	trusting, err := chromium.Start(t.Context(), filepath.Join(top, "out", "browser"), "ignore-certificate-errors-spki-list="+base64.StdEncoding.EncodeToString(key[:]))
	if err != nil {
		t.Fatal(err)
	}
	defer trusting.Close()
	t.Run("phone", func(t *testing.T) {
		p, err := home.Person(t.Context(), "tuyet")
		if err != nil {
			t.Fatal(err)
		}
		v := &visitor{Window: trusting.Open(t, "tls", chromium.Phone("pt-PT")), home: home, identifier: *p.Phone, phone: *p.Phone, pin: *p.PIN}
		v.open("hospital")
		v.prove()
		v.share()
		v.inside("hospital", "Thị Ánh Tuyết Nguyễn")
		all := v.Cookies(home.Portal, v.Address())
		if len(all) < 2 {
			t.Errorf("only %d cookies: whose session is this?", len(all))
		}
		for _, c := range all {
			if !c.Secure || !c.HTTPOnly {
				t.Errorf("cookie %s: secure %v, hidden from script %v", c.Name, c.Secure, c.HTTPOnly)
			}
		}
	})
	t.Run("sign", func(t *testing.T) {
		p, err := home.Person(t.Context(), "oksana")
		if err != nil {
			t.Fatal(err)
		}
		look := chromium.Desk("en-GB")
		v := &visitor{Window: trusting.Open(t, "tls-sign", look), home: home, identifier: *p.Phone, phone: *p.Phone, pin: *p.PIN}
		signs(t, v, "oksana", look).wholeJourney(t, true)
	})
}
