package service

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// csc is the bank's client of the Cloud Signature Consortium's API, version 2.
type csc struct {
	cfg  Config
	base string // also the issuer of its authorizations
	back string
}

var (
	errNoKey       = errors.New("the person has no key to sign with")
	errOtherPerson = errors.New("the key is somebody else's than who is signed in")
)

// cscError is a refusal of the API.
type cscError struct{ name, description string }

func (e *cscError) Error() string { return e.name + ": " + e.description }

// order is one document to be signed, the same in every call: the digest that the person agrees to covers all of it.
type order struct {
	credential string
	hash       string
	body       map[string]any
}

const (
	oidSHA256 = "2.16.840.1.101.3.4.2.1"
	oidRSA    = "1.2.840.113549.1.1.11"
	oidECDSA  = "1.2.840.10045.4.3.2"
)

// ask is the authorization request for an order (CSC §8.4.2).
func (o *order) ask(name string) url.Values {
	raw, _ := base64.StdEncoding.DecodeString(o.hash)
	names, _ := json.Marshal(map[string][]string{"documentNames": {name}})
	return url.Values{
		"scope": {"credential"}, "credentialID": {o.credential}, "numSignatures": {"1"}, "hashes": {base64.RawURLEncoding.EncodeToString(raw)},
		"hashAlgorithmOID": {oidSHA256}, "clientData": {string(names)},
	}
}

// push sends a request and gives the address for the browser.
func (c *csc) push(ctx context.Context, ask url.Values) (string, error) {
	id := c.cfg.Registration.ID
	ask.Set("client_id", id)
	ask.Set("response_type", "code")
	ask.Set("redirect_uri", c.back)
	ask.Set("code_challenge_method", "S256")
	var got struct {
		URI string `json:"request_uri"`
	}
	if err := c.form(ctx, "/oauth2/par", ask, &got); err != nil {
		return "", err
	}
	return c.base + "/oauth2/authorize?" + url.Values{"client_id": {id}, "request_uri": {got.URI}}.Encode(), nil
}

func (c *csc) token(ctx context.Context, code, verifier string) (string, error) {
	var got struct {
		Token string `json:"access_token"`
	}
	err := c.form(ctx, "/oauth2/token", url.Values{"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {verifier}, "redirect_uri": {c.back}}, &got)
	return got.Token, err
}

// prepare picks the key of the person who is signed in, and asks what it will sign.
func (c *csc) prepare(ctx context.Context, token, name string, file []byte) (*order, error) {
	var list struct {
		IDs   []string `json:"credentialIDs"`
		Infos []struct {
			ID  string `json:"credentialID"`
			Key struct{ Algo []string }
			// The certificate says whose key it is: two tabs may be two people.
			Cert struct{ Certificates []string }
		} `json:"credentialInfos"`
	}
	if err := c.call(ctx, token, "/credentials/list", map[string]any{"credentialInfo": true, "certificates": "single", "certInfo": true, "onlyValid": true}, &list); err != nil {
		return nil, err
	}
	if len(list.Infos) == 0 || len(list.Infos[0].Cert.Certificates) == 0 {
		return nil, errNoKey
	}
	one := list.Infos[0]
	der, err := base64.StdEncoding.DecodeString(one.Cert.Certificates[0])
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	if name != "" && !strings.EqualFold(cert.Subject.CommonName, name) {
		return nil, errOtherPerson
	}
	algo := oidRSA
	if slices.Contains(one.Key.Algo, oidECDSA) {
		algo = oidECDSA
	}
	o := &order{credential: one.ID, body: map[string]any{
		"credentialID": one.ID,
		"documents": []any{map[string]any{
			"document": base64.StdEncoding.EncodeToString(file), "signature_format": "P", "conformance_level": "Ades-B-LT", "signAlgo": algo,
		}},
	}}
	if o.credential == "" && len(list.IDs) > 0 {
		o.credential = list.IDs[0]
		o.body["credentialID"] = o.credential
	}
	var sums struct {
		Hashes []string    `json:"hashes"`
		Date   json.Number `json:"signature_date"`
	}
	if err := c.call(ctx, token, "/signatures/calculateHash", o.body, &sums); err != nil {
		return nil, err
	}
	if len(sums.Hashes) != 1 {
		return nil, errors.New("one document and not one hash")
	}
	o.hash, o.body["signature_date"] = sums.Hashes[0], sums.Date
	return o, nil
}

// sign trades the person's yes for the signed file.
func (c *csc) sign(ctx context.Context, sad string, o *order) (file []byte, level string, err error) {
	var got struct {
		Documents []string `json:"DocumentWithSignature"`
		Levels    []string `json:"conformance_levels_reached"`
	}
	if err := c.call(ctx, sad, "/signatures/signDoc", o.body, &got); err != nil {
		return nil, "", err
	}
	if len(got.Documents) != 1 || len(got.Levels) != 1 {
		return nil, "", errors.New("not one signed document")
	}
	file, err = base64.StdEncoding.DecodeString(got.Documents[0])
	return file, strings.TrimPrefix(got.Levels[0], "Ades-"), err
}

func (c *csc) form(ctx context.Context, path string, values url.Values, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, strings.NewReader(values.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(c.cfg.Registration.ID), url.QueryEscape(c.cfg.Registration.Secret.Reveal()))
	return c.do(req, into)
}

func (c *csc) call(ctx context.Context, token, path string, body, into any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	return c.do(req, into)
}

func (c *csc) do(req *http.Request, into any) error {
	resp, err := c.cfg.HTTPClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		var said struct {
			Error       string `json:"error"`
			Description string `json:"error_description"`
		}
		_ = json.Unmarshal(data, &said)
		return &cscError{said.Error, fmt.Sprintf("%s (status %d)", said.Description, resp.StatusCode)}
	}
	return json.Unmarshal(data, into)
}
