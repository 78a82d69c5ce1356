package drive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// CSC is an application of the Cloud Signature Consortium's API that takes PIN and code itself (explicit authorization).
type CSC struct {
	Issuer      string
	ID, Secret  string
	RedirectURI string
	Lines       *Lines
}

// Ask makes the request for an access token: who the person is, and that their certificates may be listed.
func (c *CSC) Ask() (*url.URL, Flow, error) {
	f := Flow{State: text(), Verifier: text()}
	challenge := sha256.Sum256([]byte(f.Verifier))
	u, err := url.Parse(c.Issuer + "/csc/v2/oauth2/authorize")
	if err != nil {
		return nil, f, err
	}
	u.RawQuery = url.Values{
		"response_type": {"code"}, "client_id": {c.ID}, "redirect_uri": {c.RedirectURI}, "scope": {"service"}, "state": {f.State},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}.Encode()
	return u, f, nil
}

// Back tells whether an address is the application's own.
func (c *CSC) Back(u *url.URL) bool { return strings.HasPrefix(u.String(), c.RedirectURI) }

// Redeem turns the answer into an access token.
func (c *CSC) Redeem(ctx context.Context, f Flow, back *url.URL) (string, error) {
	q := back.Query()
	if q.Get("state") != f.State || q.Get("code") == "" {
		return "", fmt.Errorf("no code came, but %q %q", q.Get("error"), q.Get("error_description"))
	}
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {q.Get("code")}, "redirect_uri": {c.RedirectURI}, "code_verifier": {f.Verifier},
		"client_id": {c.ID}, "client_secret": {c.Secret},
	}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	err := c.post(ctx, "oauth2/token", "application/x-www-form-urlencoded", "", []byte(form.Encode()), &token)
	return token.AccessToken, err
}

// Credential is the id of the person's key.
func (c *CSC) Credential(ctx context.Context, token string) (string, error) {
	var list struct{ CredentialIDs []string }
	if err := c.call(ctx, token, "credentials/list", map[string]any{}, &list); err != nil {
		return "", err
	}
	if len(list.CredentialIDs) != 1 {
		return "", fmt.Errorf("%d keys are listed", len(list.CredentialIDs))
	}
	return list.CredentialIDs[0], nil
}

const (
	oidSHA256      = "2.16.840.1.101.3.4.2.1"
	oidECDSASHA256 = "1.2.840.10045.4.3.2"
)

// Sign has one digest of SHA-256 signed with an elliptic-curve key: the PIN, the code once it came, the signature.
func (c *CSC) Sign(ctx context.Context, token, credential, pin string, code func(context.Context) (string, error), digest []byte) ([]byte, error) {
	hashes := []string{base64.StdEncoding.EncodeToString(digest)}
	authorize := func(id, value string, into any) error {
		return c.call(ctx, token, "credentials/authorize", map[string]any{
			"credentialID": credential, "numSignatures": 1, "hashes": hashes, "hashAlgorithmOID": oidSHA256, "clientData": `{"documentNames":["contract.pdf"]}`,
			"authData": []any{map[string]string{"id": id, "value": value}},
		}, into)
	}
	var allowed struct{ SAD string }
	if err := authorize("PIN", pin, &allowed); err != nil {
		return nil, err
	}
	digits, err := code(ctx)
	if err != nil {
		return nil, err
	}
	if err := authorize("OTP", digits, &allowed); err != nil {
		return nil, err
	}
	var made struct{ Signatures [][]byte }
	err = c.call(ctx, token, "signatures/signHash", map[string]any{"credentialID": credential, "SAD": allowed.SAD, "hashes": hashes, "signAlgo": oidECDSASHA256}, &made)
	if err == nil && len(made.Signatures) != 1 {
		err = errors.New("not one signature came")
	}
	if err != nil {
		return nil, err
	}
	return made.Signatures[0], nil
}

func (c *CSC) call(ctx context.Context, token, method string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.post(ctx, method, "application/json", token, text, into)
}

func (c *CSC) post(ctx context.Context, method, kind, token string, body []byte, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Issuer+"/csc/v2/"+method, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", kind)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, raw, err := c.Lines.Do(ctx, r)
	if err != nil {
		return err
	}
	if answer.StatusCode/100 != 2 {
		e := &Refused{Status: answer.StatusCode}
		_ = json.Unmarshal(raw, e) // what is no error of the API's is told by its status
		return fmt.Errorf("%s: %w", method, e)
	}
	return json.Unmarshal(raw, into)
}
