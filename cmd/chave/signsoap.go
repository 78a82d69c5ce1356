package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// scmdClient calls SCMDService.svc: three operations, fields encrypted to the server's certificate, HTTP Basic.
type scmdClient struct {
	web         *outside
	server      string
	application string
	user        string
	password    secret
	cipher      *rsa.PublicKey
}

const (
	scmdPath  = "/Ama.Authentication.Frontend/SCMDService.svc"
	scmdSpace = "http://Ama.Authentication.Service/"
	scmdData  = "http://schemas.datacontract.org/2004/07/Ama.Structures.CCMovelSignature"

	codeFine  = "200"
	codeWrong = "802"
)

// scmdError is what the server said instead of doing it.
type scmdError struct{ code, message string }

func (e *scmdError) Error() string { return printable(e.message) + " (" + printable(e.code) + ")" }

// fromDemo takes what a demo's door knows: an application, its password, and the certificate that fields are encrypted to.
func (c *scmdClient) fromDemo(ctx context.Context, door string) error {
	if err := mayCarrySecrets(door); err != nil {
		return err
	}
	var all []struct {
		SCMD *struct {
			ApplicationID string `json:"application_id"`
			User          string
			Password      string
		}
	}
	var certs struct {
		Cipher string `json:"scmd_cipher"`
	}
	for path, into := range map[string]any{"/services": &all, "/certs": &certs} {
		data, err := c.web.get(ctx, door+path, 1<<20)
		if err == nil {
			err = json.Unmarshal(data, into)
		}
		if err != nil {
			return fmt.Errorf("the demo's door: %w", err)
		}
	}
	for _, one := range all {
		if one.SCMD != nil {
			c.application, c.user, c.password = one.SCMD.ApplicationID, one.SCMD.User, secret(one.SCMD.Password)
			return c.encryptTo([]byte(certs.Cipher))
		}
	}
	return errors.New("no service of this demo may ask for signatures")
}

func (c *scmdClient) encryptTo(certificate []byte) error {
	all, err := readCertificates(certificate)
	if err != nil {
		return fmt.Errorf("the certificate for encrypted fields: %w", err)
	}
	key, ok := all[0].PublicKey.(*rsa.PublicKey)
	if !ok || key.Size() < 256 {
		return errors.New("the certificate for encrypted fields has no RSA key of 2048 bits")
	}
	c.cipher = key
	return nil
}

func (c *scmdClient) hide(text string) (string, error) {
	block, err := rsa.EncryptPKCS1v15(rand.Reader, c.cipher, []byte(text)) //nolint:staticcheck // what the service's contract prescribes
	return base64.StdEncoding.EncodeToString(block), err
}

func (c *scmdClient) id() string { return base64.StdEncoding.EncodeToString([]byte(c.application)) }

// certificate gives the signer's chain: signer, issuing authority, root.
func (c *scmdClient) certificate(ctx context.Context, phone string) ([]*x509.Certificate, error) {
	user, err := c.hide(phone)
	if err != nil {
		return nil, err
	}
	got, err := c.call(ctx, "GetCertificate", element("applicationId", c.id())+element("userId", user))
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(got.Text) == "" {
		return nil, errors.New("nobody can sign with this phone: is signing switched on?")
	}
	all, err := readCertificates([]byte(got.Text))
	if err != nil {
		return nil, fmt.Errorf("the signer's certificate: %w", err)
	}
	if len(all) == 3 { // the service puts the root second
		all[1], all[2] = all[2], all[1]
	}
	return all, nil
}

// begin has the code sent, and gives the process that waits for it.
func (c *scmdClient) begin(ctx context.Context, phone string, pin secret, name string, digest []byte) (string, error) {
	user, err := c.hide(phone)
	if err != nil {
		return "", err
	}
	hidden, err := c.hide(string(pin))
	if err != nil {
		return "", err
	}
	prefix := []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20} // DigestInfo, SHA-256 (RFC 8017 §9.2)
	hash := base64.StdEncoding.EncodeToString(slices.Concat(prefix, digest))
	request := `<request xmlns:d="` + scmdData + `">` + element("d:ApplicationId", c.id()) + element("d:DocName", name) + element("d:Hash", hash) +
		element("d:Pin", hidden) + element("d:UserId", user) + `</request>`
	got, err := c.call(ctx, "SCMDSign", request)
	if err != nil {
		return "", err
	}
	if got.Code != codeFine || got.ProcessID == "" {
		return "", &scmdError{got.Code, got.Message}
	}
	return got.ProcessID, nil
}

// finish trades the code for the signature.
func (c *scmdClient) finish(ctx context.Context, process string, code secret) ([]byte, error) {
	hidden, err := c.hide(string(code))
	if err != nil {
		return nil, err
	}
	got, err := c.call(ctx, "ValidateOtp", element("code", hidden)+element("processId", process)+element("applicationId", c.id()))
	if err != nil {
		return nil, err
	}
	if got.Status.Code != codeFine {
		return nil, &scmdError{got.Status.Code, got.Status.Message}
	}
	return base64.StdEncoding.DecodeString(strings.TrimSpace(got.Signature))
}

// result is what any of the three operations answers.
type result struct {
	Text      string `xml:",chardata"`
	Code      string
	Message   string
	ProcessID string `xml:"ProcessId"`
	Signature string
	Status    struct{ Code, Message string }
}

func (c *scmdClient) call(ctx context.Context, operation, arguments string) (result, error) {
	body := `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><` + operation + ` xmlns="` + scmdSpace + `">` + arguments + `</` + operation + `></s:Body></s:Envelope>`
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.server+scmdPath, strings.NewReader(body))
	if err != nil {
		return result{}, err
	}
	req.Header.Set("Content-Type", "text/xml; charset=utf-8")
	req.Header.Set("SOAPAction", `"`+scmdSpace+"SCMDService/"+operation+`"`)
	req.SetBasicAuth(c.user, string(c.password))
	status, data, err := c.web.do(req, 1<<20)
	if err != nil {
		return result{}, err
	}
	var envelope struct {
		Body struct {
			Fault struct {
				Text string `xml:"faultstring"`
			}
			Answer struct {
				Result struct {
					Inner []byte `xml:",innerxml"`
				} `xml:",any"`
			} `xml:",any"`
		}
	}
	switch err := xml.Unmarshal(data, &envelope); {
	case status == http.StatusUnauthorized:
		return result{}, errors.New("the server refuses user and password")
	case err == nil && envelope.Body.Fault.Text != "":
		return result{}, errors.New("the server refuses the call: " + printable(envelope.Body.Fault.Text))
	case err != nil || status != http.StatusOK:
		return result{}, fmt.Errorf("the server answers with status %d", status)
	}
	// Members are told apart by their local names, so that prefixes declared further out do not matter.
	var got result
	decoder := xml.NewDecoder(bytes.NewReader(slices.Concat([]byte("<r>"), envelope.Body.Answer.Result.Inner, []byte("</r>"))))
	decoder.Strict = true
	if err := decoder.Decode(&got); err != nil {
		return result{}, fmt.Errorf("the server's answer cannot be read: %w", err)
	}
	return got, nil
}

func element(name, text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text))
	return "<" + name + ">" + b.String() + "</" + name + ">"
}
