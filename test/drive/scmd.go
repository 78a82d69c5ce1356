package drive

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// SCMD is an application that asks for signatures over CMD's SOAP service, the newer one, with fields encrypted (cmd-signature.md §1).
type SCMD struct {
	Issuer                        string
	ApplicationID, User, Password string
	Lines                         *Lines

	cipher *rsa.PublicKey
}

// SCMDPaper is a document of a request: a name, and the SHA-256 digest to be signed.
type SCMDPaper struct {
	Name   string
	Digest [sha256.Size]byte
}

// SCMDRefused is an answer whose code is not 200, or a fault.
type SCMDRefused struct {
	Operation, Code, Message string
	Status                   int
}

func (e *SCMDRefused) Error() string {
	return fmt.Sprintf("%s was answered %d, code %s: %s", e.Operation, e.Status, e.Code, e.Message)
}

// Open fetches the certificate that fields are encrypted under.
func (s *SCMD) Open(ctx context.Context) error {
	u, err := url.Parse(s.Issuer + "/scmd/cipher.cer")
	if err != nil {
		return err
	}
	page, err := (&Browser{Lines: s.Lines}).Get(ctx, u)
	if err != nil {
		return err
	}
	certificate, err := x509.ParseCertificate(page.Body)
	if err != nil {
		return fmt.Errorf("cipher certificate (%d): %w", page.Status, err)
	}
	key, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		return errors.New("fields cannot be encrypted under this certificate")
	}
	s.cipher = key
	return nil
}

// Certificate is the person's own, first of the chain.
func (s *SCMD) Certificate(ctx context.Context, phone string) (*x509.Certificate, error) {
	user, err := s.hidden(phone)
	if err != nil {
		return nil, err
	}
	got, err := s.call(ctx, "GetCertificate", elements("", "applicationId", s.application(), "userId", user))
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode([]byte(got.Text))
	if block == nil {
		return nil, errors.New("no certificate came")
	}
	return x509.ParseCertificate(block.Bytes)
}

// Sign begins a process for one document, or for several at once, and gives its id.
func (s *SCMD) Sign(ctx context.Context, phone, pin string, papers ...SCMDPaper) (process string, err error) {
	user, err := s.hidden(phone)
	if err != nil {
		return "", err
	}
	secret, err := s.hidden(pin)
	if err != nil {
		return "", err
	}
	const open = `<request xmlns:a="` + scmdData + `">`
	if len(papers) == 1 {
		one := papers[0]
		got, err := s.call(ctx, "SCMDSign", open+elements("a:", "ApplicationId", s.application(), "DocName", one.Name, "Hash", one.info(), "Pin", secret, "UserId", user)+"</request>")
		return got.Process, err
	}
	var list strings.Builder
	for i, one := range papers {
		list.WriteString("<b:HashStructure>" + elements("b:", "Hash", one.info(), "Name", one.Name, "id", fmt.Sprint(i)) + "</b:HashStructure>")
	}
	got, err := s.call(ctx, "SCMDMultipleSign", open+elements("a:", "ApplicationId", s.application(), "Pin", secret, "UserId", user)+"</request>"+
		`<documents xmlns:b="`+scmdData+`">`+list.String()+"</documents>")
	return got.Process, err
}

// Validate sends the code and gives the signatures in the order in which they were asked for.
func (s *SCMD) Validate(ctx context.Context, process, code string) ([][]byte, error) {
	secret, err := s.hidden(code)
	if err != nil {
		return nil, err
	}
	got, err := s.call(ctx, "ValidateOtp", elements("", "code", secret, "processId", process, "applicationId", s.application()))
	if err != nil {
		return nil, err
	}
	texts := got.Batch
	if len(texts) == 0 {
		texts = []string{got.Signature}
	}
	var all [][]byte
	for _, text := range texts {
		one, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(one) == 0 {
			return nil, fmt.Errorf("a signature of %d characters: %w", len(text), err)
		}
		all = append(all, one)
	}
	return all, nil
}

const (
	scmdService = "http://Ama.Authentication.Service/"
	scmdData    = "http://schemas.datacontract.org/2004/07/Ama.Structures.CCMovelSignature"
)

// scmdAnswer is what any of the operations may answer with.
type scmdAnswer struct {
	Text                              string   // GetCertificate
	Code, Message, Process, Signature string   // the others
	Batch                             []string // signatures of a batch
}

func (s *SCMD) call(ctx context.Context, operation, inside string) (scmdAnswer, error) {
	body := `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><` + operation + ` xmlns="` + scmdService + `">` + inside + `</` + operation + `></s:Body></s:Envelope>`
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Issuer+"/Ama.Authentication.Frontend/SCMDService.svc", strings.NewReader(body))
	if err != nil {
		return scmdAnswer{}, err
	}
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	r.Header.Set("SOAPAction", `"`+scmdService+"SCMDService/"+operation+`"`)
	r.SetBasicAuth(s.User, s.Password)
	answer, raw, err := s.Lines.Do(ctx, r)
	if err != nil {
		return scmdAnswer{}, err
	}
	got := readSCMD(raw)
	if answer.StatusCode != http.StatusOK || operation != "GetCertificate" && got.Code != "200" {
		return got, &SCMDRefused{Operation: operation, Code: got.Code, Message: got.Message, Status: answer.StatusCode}
	}
	return got, nil
}

// readSCMD collects the leaves of an answer by their names, as clients do that know no schema.
func readSCMD(raw []byte) (got scmdAnswer) {
	var path []string
	for d := xml.NewDecoder(strings.NewReader(string(raw))); ; {
		t, err := d.Token()
		if err != nil {
			return got
		}
		switch t := t.(type) {
		case xml.StartElement:
			path = append(path, t.Name.Local)
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.CharData:
			if len(path) == 0 {
				continue
			}
			switch text := string(t); path[len(path)-1] {
			case "Code":
				got.Code += text
			case "Message", "faultstring":
				got.Message += text
			case "ProcessId":
				got.Process += text
			case "Signature":
				got.Signature += text
			case "Hash":
				got.Batch = append(got.Batch, text)
			case "GetCertificateResult":
				got.Text += text
			}
		}
	}
}

func (s *SCMD) application() string {
	return base64.StdEncoding.EncodeToString([]byte(s.ApplicationID))
}

// hidden encrypts a field. What is thrown away when the server cannot decrypt it is for its own tests.
func (s *SCMD) hidden(text string) (string, error) {
	block, err := rsa.EncryptPKCS1v15(rand.Reader, s.cipher, []byte(text)) //nolint:staticcheck // what the service's contract asks for
	return base64.StdEncoding.EncodeToString(block), err
}

// info is the digest as the service wants it: a DigestInfo of SHA-256, 51 octets (§1.8).
func (p SCMDPaper) info() string {
	prefix := []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}
	return base64.StdEncoding.EncodeToString(append(prefix, p.Digest[:]...))
}

// elements writes pairs of name and text.
func elements(prefix string, pairs ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		b.WriteString("<" + prefix + pairs[i] + ">")
		_ = xml.EscapeText(&b, []byte(pairs[i+1])) // a strings.Builder takes everything
		b.WriteString("</" + prefix + pairs[i] + ">")
	}
	return b.String()
}
