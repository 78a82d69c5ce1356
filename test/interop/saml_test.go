//go:build interop

package interop

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"chave/test/drive"
)

// registration is what the tester's door tells of a service beside OpenID Connect.
type registration struct {
	ID   string `json:"client_id"`
	URL  string `json:"url"`
	SAML *struct {
		Wire, Issuer, ACS, Certificate, Key string
	} `json:"saml"`
	OAuth *struct {
		ClientID     string   `json:"client_id"`
		RedirectURIs []string `json:"redirect_uris"`
	} `json:"oauth"`
}

// registered finds a service by what it can do.
func (v visit) registered(t *testing.T, fits func(registration) bool) registration {
	t.Helper()
	var all []registration
	v.ask(t, "/services", &all)
	for _, r := range all {
		if fits(r) {
			return r
		}
	}
	t.Fatal("no service of the demonstration is registered so")
	return registration{}
}

// ask reads something from the tester's door.
func (v visit) ask(t *testing.T, path string, into any) {
	t.Helper()
	text := v.fetch(t, v.Tester+path)
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// fetch gets what needs no browser.
func (v visit) fetch(t *testing.T, address string) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := v.Client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s answered %d, %v", address, answer.StatusCode, err)
	}
	return text
}

// signingCertificate is the first certificate of an identity provider's metadata, as PEM.
func signingCertificate(t *testing.T, metadata []byte) string {
	t.Helper()
	var entity struct {
		Certificates []string `xml:"IDPSSODescriptor>KeyDescriptor>KeyInfo>X509Data>X509Certificate"`
	}
	if err := xml.Unmarshal(metadata, &entity); err != nil || len(entity.Certificates) == 0 {
		t.Fatalf("the metadata has no certificate, %v", err)
	}
	return "-----BEGIN CERTIFICATE-----\n" + strings.Join(strings.Fields(entity.Certificates[0]), "") + "\n-----END CERTIFICATE-----\n"
}

// TestNode_node_saml signs in over CMD's SAML profile.
func TestNode_node_saml(t *testing.T) {
	need(t, "node", installed("node"))
	need(t, "node-saml (make interop installs it)", exists("node/node_modules/@node-saml/node-saml"))
	needJudges(t)
	v, kept := arrive(t, "social-security", "--tls"), t.TempDir()
	script(t, append(v.surroundings(t, "NODE_EXTRA_CA_CERTS"), "CHAVE_KEEP="+kept), "node", "node/node-saml.mjs")
	var certs struct {
		FA string `json:"saml_idp"`
	}
	v.ask(t, "/certs", &certs)
	judge(t, kept, certs.FA, false, "metadata", "citizen", "passport", "refusal", "logout")
}

// TestNode_samlify signs in over standard SAML.
func TestNode_samlify(t *testing.T) {
	need(t, "node", installed("node"))
	need(t, "samlify (make interop installs it)", exists("node/node_modules/samlify"))
	needJudges(t)
	v, kept := arrive(t, "bank", "--tls"), t.TempDir()
	script(t, append(v.surroundings(t, "NODE_EXTRA_CA_CERTS"), "CHAVE_KEEP="+kept), "node", "node/samlify.mjs")
	judge(t, kept, signingCertificate(t, v.fetch(t, v.Issuer+"/saml/metadata")), true, "metadata", "post", "redirect", "refusal", "logout")
}

// decoded is a message as the POST binding carries it.
func decoded(t *testing.T, value string) string {
	t.Helper()
	message, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(message)
}

// posting is a page that posts itself: where to, and what.
type posting struct {
	To     *url.URL
	Values url.Values
}

// readPosting finds the form in a page of a library that is not ours.
func readPosting(t *testing.T, page []byte) posting {
	t.Helper()
	page = bytes.Replace(page, []byte("<form method=\"post\""), []byte("<form  method=\"post\""), 1)
	forms, err := drive.Forms(drive.Page{URL: new(url.URL), Body: page})
	if err != nil || len(forms) == 0 {
		t.Fatalf("no form, %v: %s", err, page)
	}
	return posting{forms[0].Action, forms[0].Values}
}

// delivered lets a person go on from a page, through every step, until our page is about to post to the service, and gives what it would post.
// It is not posted: the service is the test.
func delivered(ctx context.Context, w drive.Walk, page drive.Page, to string) (posting, error) {
	page, err := w.Browser.Follow(ctx, page, w.Stop)
	if err != nil {
		return posting{}, err
	}
	at, err := w.On(ctx, page, "request")
	var last *drive.Stuck
	if !errors.As(err, &last) {
		if err == nil {
			err = errors.New("the browser was sent to " + at.String())
		}
		return posting{}, err
	}
	forms, err := drive.Forms(drive.Page{URL: page.URL, Body: last.Page})
	if err != nil {
		return posting{}, err
	}
	for _, f := range forms {
		if strings.HasPrefix(f.Action.String(), to) {
			return posting{f.Action, f.Values}, nil
		}
	}
	return posting{}, last
}
