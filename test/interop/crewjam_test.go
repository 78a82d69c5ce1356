//go:build interop

package interop

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chave/internal/core/service"
	"chave/test/drive"

	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"
)

// TestGo_crewjam_saml is a service in Go over standard SAML, as its author would write it from the library's documents.
func TestGo_crewjam_saml(t *testing.T) {
	needJudges(t)
	v, kept := arrive(t, "bank", "--tls"), t.TempDir()
	bank := v.registered(t, func(r registration) bool { return r.SAML != nil && r.SAML.Wire == "saml" })
	metadata := v.fetch(t, v.Issuer+"/saml/metadata")
	key, certificate := pair(t, bank.SAML.Key, bank.SAML.Certificate)
	who := crew{
		ServiceProvider: saml.ServiceProvider{
			EntityID: bank.SAML.Issuer, Key: key, Certificate: certificate, SignatureMethod: dsig.RSASHA256SignatureMethod,
			AcsURL: address(t, bank.SAML.ACS), SloURL: address(t, bank.URL+"saml/logout"), IDPMetadata: entity(t, metadata), AuthnNameIDFormat: saml.PersistentNameIDFormat,
		},
		walk: v.walker(v.browser()), kept: kept,
	}
	first := who.signIn(t, "post", saml.HTTPPostBinding)

	t.Run("the assertion says who, when, how and for how long", func(t *testing.T) {
		if got := valueOf(first, "http://interop.gov.pt/MDC/Cidadao/NIC"); got != v.person.Documents[0].Number[:8] {
			t.Errorf("NIC is %q", got)
		}
		if got := valueOf(first, "http://interop.gov.pt/MDC/Cidadao/NomeCompleto"); !strings.EqualFold(got, v.person.Name) {
			t.Errorf("the name is %q", got)
		}
		if id := first.Subject.NameID; id.Format != string(saml.PersistentNameIDFormat) || id.SPNameQualifier != bank.SAML.Issuer {
			t.Errorf("the name id is %+v", id)
		}
		said := first.AuthnStatements[0]
		if age := time.Since(said.AuthnInstant); age < -time.Minute || age > 5*time.Minute || said.SessionIndex == "" || said.AuthnContext.AuthnContextClassRef == nil {
			t.Errorf("%+v, %s ago", said, age)
		}
	})
	t.Run("single sign-on by Redirect, the same person and session", func(t *testing.T) {
		again := who.signIn(t, "redirect", saml.HTTPRedirectBinding)
		if again.Subject.NameID.Value != first.Subject.NameID.Value || again.AuthnStatements[0].SessionIndex != first.AuthnStatements[0].SessionIndex ||
			!again.AuthnStatements[0].AuthnInstant.Equal(first.AuthnStatements[0].AuthnInstant) {
			t.Errorf("%+v became %+v", first.AuthnStatements, again.AuthnStatements)
		}
	})
	t.Run("no is an answer that the library knows", func(t *testing.T) {
		walk := who.walk
		walk.Answer = drive.Deny
		_, err := crew{who.ServiceProvider, walk, kept}.ask(t, "refusal", saml.HTTPRedirectBinding)
		var bad saml.ErrBadStatus
		if !errors.As(private(err), &bad) || bad.Status != saml.StatusResponder {
			t.Errorf("got %v", private(err))
		}
	})
	t.Run("nobody is signed out by who signs nothing", func(t *testing.T) {
		mute := who
		mute.SignatureMethod = ""
		to, err := mute.MakeRedirectLogoutRequest(first.Subject.NameID.Value, "")
		if err != nil {
			t.Fatal(err)
		}
		page, err := who.walk.Browser.Get(t.Context(), to)
		if err != nil || page.Status != http.StatusForbidden {
			t.Errorf("answered %d, %v", page.Status, err)
		}
	})
	t.Run("logout by POST", func(t *testing.T) { who.leave(t, "logout", first.Subject.NameID.Value, saml.HTTPPostBinding) })
	t.Run("logout by Redirect, with the signature where this library puts it", func(t *testing.T) {
		next := who.signIn(t, "after", saml.HTTPRedirectBinding)
		if next.AuthnStatements[0].SessionIndex == first.AuthnStatements[0].SessionIndex || next.Subject.NameID.Value != first.Subject.NameID.Value {
			t.Error("the session was not ended, or the person's name changed")
		}
		who.leave(t, "logout-redirect", next.Subject.NameID.Value, saml.HTTPRedirectBinding)
		last := who.signIn(t, "last", saml.HTTPPostBinding)
		if last.AuthnStatements[0].SessionIndex == next.AuthnStatements[0].SessionIndex {
			t.Error("the session was not ended")
		}
	})
	judge(t, kept, signingCertificate(t, metadata), true, "post", "redirect", "refusal", "logout")
}

// TestGo_crewjam_saml_encrypted registers the library by the metadata that it writes itself, and wants what is for it alone.
func TestGo_crewjam_saml_encrypted(t *testing.T) {
	needJudges(t)
	who, registered, keyText := newCrew(t)
	kept := who.kept
	registered.SAML.NameID, who.AuthnNameIDFormat = "transient", saml.TransientNameIDFormat
	r, resident := serve(t, registered)
	lines := new(drive.Lines)
	metadata := opened(t, lines, r.Settings.Issuer+"/saml/metadata")
	who.IDPMetadata = entity(t, metadata)
	who.walk = drive.Walk{Browser: &drive.Browser{Lines: lines}, Inbox: r.Sink, Person: resident.Signer()}

	got := who.signIn(t, "encrypted", saml.HTTPPostBinding)
	if valueOf(got, "displayName") != resident.GivenNames+" "+resident.Surnames {
		t.Errorf("the name is not among %+v", got.AttributeStatements)
	}
	cipher, err := os.ReadFile(filepath.Join(kept, "encrypted.xml"))
	if err != nil || strings.Contains(string(cipher), resident.Surnames) || !strings.Contains(string(cipher), "EncryptedAssertion") {
		t.Errorf("the answer can be read on its way, %v", err)
	}
	open := decrypted(t, filepath.Join(kept, "encrypted.xml"), keyText)
	signed(t, open, signingCertificate(t, metadata), "//*[local-name()='Assertion']/*[local-name()='Signature']")
	who.leave(t, "logout", got.Subject.NameID.Value, saml.HTTPPostBinding)
	if again := who.signIn(t, "again", saml.HTTPRedirectBinding); again.Subject.NameID.Value == got.Subject.NameID.Value {
		t.Error("a transient name came in two sessions")
	}
	judge(t, kept, signingCertificate(t, metadata), false, "encrypted", "logout")
}

// crew is a service built on crewjam/saml, with somebody at its pages.
type crew struct {
	saml.ServiceProvider
	walk drive.Walk
	kept string
}

// newCrew is a service built on the library, its registration by the metadata that the library writes, and its key.
func newCrew(t *testing.T) (crew, service.Settings, string) {
	t.Helper()
	const home = "https://crew.example"
	keyText, certificateText := ownPair(t, "crew.example")
	key, certificate := pair(t, keyText, certificateText)
	who := crew{
		ServiceProvider: saml.ServiceProvider{
			Key: key, Certificate: certificate, SignatureMethod: dsig.RSASHA256SignatureMethod, AuthnNameIDFormat: saml.PersistentNameIDFormat,
			MetadataURL: address(t, home+"/metadata"), AcsURL: address(t, home+"/acs"), SloURL: address(t, home+"/slo"), LogoutBindings: []string{saml.HTTPPostBinding},
		},
		kept: t.TempDir(),
	}
	about := who.Metadata()
	// The library reads AES-128-GCM and does not say so; what it names by itself, CBC, we do not write.
	for i := range about.SPSSODescriptors[0].KeyDescriptors {
		if d := &about.SPSSODescriptors[0].KeyDescriptors[i]; d.Use == "encryption" {
			d.EncryptionMethods = append([]saml.EncryptionMethod{{Algorithm: "http://www.w3.org/2009/xmlenc11#aes128-gcm"}}, d.EncryptionMethods...)
		}
	}
	about.SPSSODescriptors[0].NameIDFormats = nil // the registration says which
	text, err := xml.Marshal(about)
	if err != nil {
		t.Fatal(err)
	}
	return who, service.Settings{
		ID: "crew", RedirectURIs: []string{home + "/callback"}, Secret: strings.Repeat("s", 32),
		SAML: &service.SAML{Wire: service.WireSAML, Metadata: string(text), AttributeNames: "friendly"},
	}, keyText
}

func (c crew) signIn(t *testing.T, label, binding string) *saml.Assertion {
	t.Helper()
	got, err := c.ask(t, label, binding)
	if err != nil {
		t.Fatal(private(err))
	}
	return got
}

// ask sends one request and lets the library judge the answer, which is kept for others.
func (c crew) ask(t *testing.T, label, binding string) (*saml.Assertion, error) {
	t.Helper()
	const state = "a+b/c=="
	request, err := c.MakeAuthenticationRequest(c.GetSSOBindingLocation(binding), binding, saml.HTTPPostBinding)
	if err != nil {
		t.Fatal(err)
	}
	var begun drive.Page
	if binding == saml.HTTPPostBinding {
		form := readPosting(t, request.Post(state))
		begun, err = c.walk.Browser.PostFrom(t.Context(), c.origin(), form.To, form.Values)
	} else {
		var to *url.URL
		if to, err = request.Redirect(url.QueryEscape(state), &c.ServiceProvider); err == nil {
			begun, err = c.walk.Browser.Get(t.Context(), to)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	back := c.delivered(t, begun, label)
	if back.Get("RelayState") != state {
		t.Errorf("RelayState came back as %q", back.Get("RelayState"))
	}
	answer := &http.Request{Method: http.MethodPost, URL: &c.AcsURL, Form: back, PostForm: back}
	return c.ParseResponse(answer, []string{request.ID})
}

// leave ends the session and wants the library to believe the answer.
func (c crew) leave(t *testing.T, label, nameID, binding string) {
	t.Helper()
	request, err := c.MakeLogoutRequest(c.GetSLOBindingLocation(binding), nameID)
	if err != nil {
		t.Fatal(err)
	}
	var begun drive.Page
	if binding == saml.HTTPPostBinding {
		form := readPosting(t, request.Post("bye"))
		begun, err = c.walk.Browser.PostFrom(t.Context(), c.origin(), form.To, form.Values)
	} else {
		begun, err = c.walk.Browser.Get(t.Context(), request.Redirect("bye"))
	}
	if err != nil {
		t.Fatal(err)
	}
	back := c.delivered(t, begun, label)
	if err := c.ValidateLogoutResponseForm(back.Get("SAMLResponse")); err != nil || back.Get("RelayState") != "bye" {
		t.Errorf("logout: %v, RelayState %q", private(err), back.Get("RelayState"))
	}
	if strings.Contains(decoded(t, back.Get("SAMLResponse")), "PartialLogout") { // which the library takes for success
		t.Error("somebody did not hear of it")
	}
}

func (c crew) delivered(t *testing.T, begun drive.Page, label string) url.Values {
	t.Helper()
	got, err := delivered(t.Context(), c.walk, begun, c.origin())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(c.kept, label+".xml"), []byte(decoded(t, got.Values.Get("SAMLResponse"))), 0o600); err != nil {
		t.Fatal(err)
	}
	return got.Values
}

func (c crew) origin() string { return c.AcsURL.Scheme + "://" + c.AcsURL.Host }

// private is what the library hides from the outside world.
func private(err error) error {
	var hidden *saml.InvalidResponseError
	if errors.As(err, &hidden) {
		return hidden.PrivateErr
	}
	return err
}

func valueOf(a *saml.Assertion, name string) string {
	for _, statement := range a.AttributeStatements {
		for _, one := range statement.Attributes {
			if (one.Name == name || one.FriendlyName == name) && len(one.Values) > 0 {
				return one.Values[0].Value
			}
		}
	}
	return ""
}

func entity(t *testing.T, text []byte) *saml.EntityDescriptor {
	t.Helper()
	var e saml.EntityDescriptor
	if err := xml.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	return &e
}

func address(t *testing.T, text string) url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return *u
}

// opened is what anybody gets at an address.
func opened(t *testing.T, lines *drive.Lines, text string) []byte {
	t.Helper()
	at := address(t, text)
	got, err := (&drive.Browser{Lines: lines}).Get(t.Context(), &at)
	if err != nil || got.Status != http.StatusOK {
		t.Fatalf("%s answered %d, %v", text, got.Status, err)
	}
	return got.Body
}

// pair reads a key and a certificate from PEM.
func pair(t *testing.T, keyText, certificateText string) (crypto.Signer, *x509.Certificate) {
	t.Helper()
	keyBlock, _ := pem.Decode([]byte(keyText))
	certificateBlock, _ := pem.Decode([]byte(certificateText))
	if keyBlock == nil || certificateBlock == nil {
		t.Fatal("not PEM")
	}
	key, err := x509.ParsePKCS8PrivateKey(keyBlock.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(certificateBlock.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key.(*rsa.PrivateKey), certificate
}

// ownPair makes a key and a certificate for it that nobody else vouches for.
func ownPair(t *testing.T, name string) (keyText, certificateText string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
