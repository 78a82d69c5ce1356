//go:build interop

package interop

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ocsp"

	"chave/internal/format/ades"
	"chave/internal/format/tsp"
)

// signer is one of the demonstration's people who can sign, and what they know.
type signer struct {
	ID      string  `json:"id"`
	Name    string  `json:"name"`
	Phone   *string `json:"phone"`
	PIN     *string `json:"pin"`
	SignPIN *string `json:"sign_pin"`
	Signing bool    `json:"signing"`
}

// application is a service that has documents signed over SOAP, and builds the signatures itself. It knows of the demonstration what the door tells.
type application struct {
	visit
	t              *testing.T
	id             string // base64, as the contract wants it
	user, password string
	tsa            string
	cipher         *rsa.PublicKey
	root, issuing  *x509.Certificate
	stamping       *x509.Certificate
	people         []signer
}

func apply(t *testing.T) *application {
	t.Helper()
	a := &application{visit: arrive(t, "tax"), t: t}
	var services []struct {
		ID   string `json:"client_id"`
		SCMD *struct {
			ID       string `json:"application_id"`
			User     string `json:"user"`
			Password string `json:"password"`
		} `json:"scmd"`
	}
	var certs struct {
		Cipher  string `json:"scmd_cipher"`
		Root    string `json:"root"`
		Issuing string `json:"issuing"`
		TSA     string `json:"tsa"`
	}
	a.read("/services", &services)
	a.read("/certs", &certs)
	a.read("/people", &a.people)
	for _, s := range services {
		if s.ID == "tax" && s.SCMD != nil {
			a.id, a.user, a.password = base64.StdEncoding.EncodeToString([]byte(s.SCMD.ID)), s.SCMD.User, s.SCMD.Password
		}
	}
	a.cipher = certificate(t, certs.Cipher).PublicKey.(*rsa.PublicKey)
	a.root, a.issuing, a.stamping = certificate(t, certs.Root), certificate(t, certs.Issuing), certificate(t, certs.TSA)
	a.tsa = a.Issuer + "/pki/tsa"
	return a
}

// read asks the tester's door.
func (a *application) read(path string, into any) {
	a.t.Helper()
	answer, err := a.Client.Get(a.Tester + path)
	if err != nil {
		a.t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		a.t.Fatalf("%s: %v", path, err)
	}
}

// who finds somebody by id.
func (a *application) who(id string) signer {
	a.t.Helper()
	for _, p := range a.people {
		if p.ID == id {
			return p
		}
	}
	a.t.Fatalf("nobody is called %s", id)
	return signer{}
}

func certificate(t *testing.T, text string) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatal("not PEM")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (a *application) seal(text string) string {
	a.t.Helper()
	sealed, err := rsa.EncryptPKCS1v15(rand.Reader, a.cipher, []byte(text)) //nolint:staticcheck // what the service's contract asks for
	if err != nil {
		a.t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(sealed)
}

// call makes one SOAP call and gives the body of the answer.
func (a *application) call(operation, inside string) []byte {
	a.t.Helper()
	const ns = "http://Ama.Authentication.Service/"
	body := `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><` + operation + ` xmlns="` + ns + `" xmlns:a="http://schemas.datacontract.org/2004/07/Ama.Structures.CCMovelSignature">` +
		inside + `</` + operation + `></s:Body></s:Envelope>`
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodPost, a.Issuer+"/Ama.Authentication.Frontend/SCMDService.svc", strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	r.Header["SOAPAction"] = []string{`"` + ns + `SCMDService/` + operation + `"`}
	r.SetBasicAuth(a.user, a.password)
	text, err := fetch(a.Client, r)
	if err != nil {
		a.t.Fatalf("%s: %v", operation, err)
	}
	return text
}

// fetch sends a request and wants 200.
func fetch(client *http.Client, r *http.Request) ([]byte, error) {
	answer, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered %d: %.300s", r.URL.Path, answer.StatusCode, text)
	}
	return text, err
}

// element reads the texts of the elements of a name, in order.
func element(document []byte, name string) (all []string) {
	d := xml.NewDecoder(bytes.NewReader(document))
	for {
		token, err := d.Token()
		if err != nil {
			return all
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == name {
			// The lists have elements of one name inside one another; only leaves are asked for.
			if next, err := d.Token(); err == nil {
				if text, ok := next.(xml.CharData); ok {
					all = append(all, string(text))
				}
			}
		}
	}
}

// chain asks for somebody's certificate and those above it: leaf, issuing, root.
func (a *application) chain(of signer) []*x509.Certificate {
	a.t.Helper()
	answer := element(a.call("GetCertificate", "<applicationId>"+a.id+"</applicationId><userId>"+a.seal(a.number(of))+"</userId>"), "GetCertificateResult")
	if len(answer) != 1 {
		a.t.Fatal("no certificate")
	}
	var all []*x509.Certificate
	for rest := []byte(answer[0]); ; {
		block, after := pem.Decode(rest)
		if block == nil {
			break
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			a.t.Fatal(err)
		}
		all, rest = append(all, c), after
	}
	if len(all) != 3 {
		a.t.Fatalf("%d certificates", len(all))
	}
	return []*x509.Certificate{all[0], all[2], all[1]}
}

// number is a phone number as CMD's clients write it.
func (a *application) number(of signer) string {
	phone := *of.Phone
	for _, prefix := range []string{"+351", "+1", "+46"} {
		if rest, ok := strings.CutPrefix(phone, prefix); ok {
			return prefix + " " + rest
		}
	}
	return phone
}

// sign has SHA-256 digests signed, a hundred at a time: one PIN and one code for each batch.
func (a *application) sign(who signer, digests [][]byte) (signatures [][]byte) {
	a.t.Helper()
	prefix := []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}
	for len(digests) > 0 {
		n := min(100, len(digests))
		var documents strings.Builder
		for i, d := range digests[:n] {
			fmt.Fprintf(&documents, "<a:HashStructure><a:Hash>%s</a:Hash><a:Name>document %d</a:Name><a:id>%d</a:id></a:HashStructure>",
				base64.StdEncoding.EncodeToString(append(bytes.Clone(prefix), d...)), i, i)
		}
		answer := a.call("SCMDMultipleSign", "<request><a:ApplicationId>"+a.id+"</a:ApplicationId><a:Pin>"+a.seal(*who.SignPIN)+"</a:Pin><a:UserId>"+a.seal(a.number(who))+"</a:UserId></request>"+
			"<documents>"+documents.String()+"</documents>")
		process := element(answer, "ProcessId")
		if len(process) != 1 {
			a.t.Fatalf("no process: %s", answer)
		}
		code, err := a.Code(a.t.Context(), *who.Phone)
		if err != nil {
			a.t.Fatal(err)
		}
		answer = a.call("ValidateOtp", "<code>"+a.seal(code)+"</code><processId>"+process[0]+"</processId><applicationId>"+a.id+"</applicationId>")
		made := element(answer, "Hash")
		if len(made) != n {
			a.t.Fatalf("%d signatures for %d digests: %.500s", len(made), n, answer)
		}
		for _, m := range made {
			raw, err := base64.StdEncoding.DecodeString(m)
			if err != nil {
				a.t.Fatal(err)
			}
			signatures = append(signatures, raw)
		}
		digests = digests[n:]
	}
	return signatures
}

// world answers what extending asks, over HTTP, at the addresses that the certificates name: nothing else says where to ask.
func (a *application) world() ades.Helpers {
	return ades.Helpers{
		Timestamp: func(ctx context.Context, h crypto.Hash, digest []byte) ([]byte, error) {
			query, err := tsp.Request{Hash: h, Digest: digest, CertReq: true}.Marshal()
			if err != nil {
				return nil, err
			}
			answer, err := a.post(ctx, a.tsa, "application/timestamp-query", query)
			if err != nil {
				return nil, err
			}
			response, err := tsp.ParseResponse(answer)
			if err != nil {
				return nil, err
			}
			return response.Token, nil
		},
		OCSP: func(ctx context.Context, cert, issuer *x509.Certificate) ([]byte, error) {
			if len(cert.OCSPServer) == 0 {
				return nil, fmt.Errorf("%s names no responder", cert.Subject.CommonName)
			}
			query, err := ocsp.CreateRequest(cert, issuer, &ocsp.RequestOptions{Hash: crypto.SHA1})
			if err != nil {
				return nil, err
			}
			return a.post(ctx, cert.OCSPServer[0], "application/ocsp-request", query)
		},
		CRL: func(ctx context.Context, cert, _ *x509.Certificate) ([]byte, error) {
			if len(cert.CRLDistributionPoints) == 0 {
				return nil, fmt.Errorf("%s names no list", cert.Subject.CommonName)
			}
			return a.get(ctx, cert.CRLDistributionPoints[0])
		},
	}
}

func (a *application) post(ctx context.Context, to, kind string, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", kind)
	return fetch(a.Client, r)
}

func (a *application) get(ctx context.Context, from string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, from, nil)
	if err != nil {
		return nil, err
	}
	return fetch(a.Client, r)
}

// keep writes a file for a judge.
func keep(t *testing.T, path string, content []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// keepPEM writes certificates for openssl.
func keepPEM(t *testing.T, path string, certs ...*x509.Certificate) string {
	t.Helper()
	var text bytes.Buffer
	for _, c := range certs {
		_ = pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	}
	return keep(t, path, text.Bytes())
}
