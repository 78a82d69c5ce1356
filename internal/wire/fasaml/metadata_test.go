package fasaml_test

import (
	"bytes"
	"crypto"
	"net/http"
	"strings"
	"testing"
	"time"

	"chave/internal/core/signkey"
	"chave/internal/format/saml"
	"chave/internal/format/xmldsig"
	"chave/internal/wire/fasaml"
)

func TestMetadata_is_signed_and_lists_one_door_and_the_keys_to_come(t *testing.T) {
	r := newRig(t)
	p := r.browser().get("/FA/Metadata")
	if p.status != http.StatusOK || !strings.HasPrefix(p.header.Get("Content-Type"), "application/samlmetadata+xml") {
		t.Fatalf("answered %d %v", p.status, p.header)
	}
	active, err := r.keys.Active(t.Context(), "RSA-2048")
	if err != nil {
		t.Fatal(err)
	}
	root, err := xmldsig.Parse([]byte(p.body), xmldsig.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	verified, err := xmldsig.Verify(root, []crypto.PublicKey{active.Public()}, xmldsig.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	role := xmldsig.Child(verified.Root, saml.NSMetadata, "IDPSSODescriptor")
	if xmldsig.Attr(verified.Root, "entityID") != entity || xmldsig.Attr(role, "WantAuthnRequestsSigned") != "true" {
		t.Error(p.body)
	}
	for _, name := range []string{"SingleSignOnService", "SingleLogoutService"} {
		found := xmldsig.Children(role, saml.NSMetadata, name)
		if len(found) != 1 || xmldsig.Attr(found[0], "Location") != r.server.URL+"/fa/Default.aspx" || xmldsig.Attr(found[0], "Binding") != saml.BindingPOST {
			t.Errorf("%s: %s", name, p.body)
		}
	}
	if again := r.browser().get("/fa/metadata"); again.body != p.body {
		t.Error("signed anew at each request")
	}
	if err := r.keys.Rotate(t.Context(), "RSA-2048"); err != nil {
		t.Fatal(err)
	}
	all, err := r.keys.Published(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r.advance(time.Minute)
	body := r.browser().get("/fa/metadata").body
	for _, k := range all {
		encoded := formOf(k.Cert).Get("SAMLRequest")
		if listed := strings.Contains(body, encoded); listed != (k.State != signkey.Retired) {
			t.Errorf("the %s key's certificate is listed: %v", k.State, listed)
		}
	}
	if _, err := saml.ParseEntity([]byte(body)); err == nil {
		t.Error("read as a service's metadata")
	}
}

func TestAnswers_go_on_while_the_key_rotates(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	tr := b.prove(b.transaction(b.send(r.ask())), phone)
	if err := r.keys.Rotate(t.Context(), "RSA-2048"); err != nil {
		t.Fatal(err)
	}
	r.advance(time.Minute)
	r.answer(b.agree(tr)) // verified under the key that is active now, whose certificate it carries
}

func TestCheck_reports_every_missing_setting_at_once(t *testing.T) {
	err := (&fasaml.Provider{Issuer: "https://fa.example.test/fa", Aliases: []string{"old"}}).Check()
	if err == nil {
		t.Fatal("an empty provider passes")
	}
	for _, name := range []string{
		"issuer", "alias", "EntityID", "Login", "Do", "View", "Keys", "Vault", "Pages.Fail", "Pages.Post", "Now", "Rand", "Log", "Jar",
	} {
		if !bytes.Contains([]byte(err.Error()), []byte(name)) {
			t.Errorf("%s is not reported: %v", name, err)
		}
	}
}
