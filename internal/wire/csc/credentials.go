package csc

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/base64"
	"net/http"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/fault"
	"chave/internal/core/service"
	"chave/internal/core/signing"
	"chave/internal/oauth"
)

// credentialInfo is the object of §11.4 and §11.5.
type credentialInfo struct {
	ID          string    `json:"credentialID,omitempty"` // in lists only
	Description string    `json:"description,omitempty"`
	Qualifier   string    `json:"signatureQualifier"`
	Key         keyInfo   `json:"key"`
	Cert        *certInfo `json:"cert,omitempty"`
	Auth        authInfo  `json:"auth"`
	SCAL        string    `json:"SCAL"`
	Multisign   int       `json:"multisign"`
	Lang        string    `json:"lang,omitempty"`
}

type keyInfo struct {
	Status string   `json:"status"`
	Algo   []string `json:"algo"`
	Len    int      `json:"len"`
	Curve  string   `json:"curve,omitempty"`
}

type certInfo struct {
	Status       string   `json:"status"`
	Certificates []string `json:"certificates,omitempty"`
	Issuer       string   `json:"issuerDN,omitempty"`
	Serial       string   `json:"serialNumber,omitempty"`
	Subject      string   `json:"subjectDN,omitempty"`
	From         string   `json:"validFrom,omitempty"`
	To           string   `json:"validTo,omitempty"`
}

type authInfo struct {
	Mode       string       `json:"mode"`
	Expression string       `json:"expression,omitempty"`
	Objects    []authObject `json:"objects"` // there are clients that want the list even when it is empty
}

type authObject struct {
	Type        string `json:"type"`
	ID          string `json:"id"`
	Format      string `json:"format"`
	Label       string `json:"label"`
	Description string `json:"description"`
}

// The ids of what explicit authorization asks for (§8.3).
const (
	authPIN = "PIN"
	authOTP = "OTP"
)

// wanted says what of a credential a request wants told.
type wanted struct {
	certificates string
	cert, auth   bool
	lang         string
}

func (p *Provider) readWanted(r *http.Request, in params) (wanted, error) {
	var (
		v   wanted
		err error
	)
	if v.certificates, err = in.text("certificates"); err != nil {
		return v, err
	}
	switch v.certificates {
	case "":
		v.certificates = "single"
	case "none", "single", "chain":
	default:
		return v, invalid("certificates")
	}
	if v.cert, err = in.flag("certInfo"); err != nil {
		return v, err
	}
	if v.auth, err = in.flag("authInfo"); err != nil {
		return v, err
	}
	lang, err := in.text("lang")
	v.lang = p.lang(r, locale(lang))
	return v, err
}

// credentialsList lists the person's signing keys, newest first (§11.4). The access token says whose: a userID is refused.
func (p *Provider) credentialsList(w http.ResponseWriter, r *http.Request) error {
	c, in, err := p.method(w, r, maxJSON)
	if err != nil {
		return err
	}
	if err := byService(c); err != nil {
		return err
	}
	if in.has("userID") {
		return oauth.Refuse(oauth.InvalidRequest, "userID parameter MUST be null")
	}
	v, err := p.readWanted(r, in)
	if err != nil {
		return err
	}
	full, err := in.flag("credentialInfo")
	if err != nil {
		return err
	}
	onlyValid, err := in.flag("onlyValid")
	if err != nil {
		return err
	}
	keys, err := p.Signing.Keys(r.Context(), c.person)
	if err != nil {
		return err
	}
	out := struct {
		IDs       []string         `json:"credentialIDs"`
		Infos     []credentialInfo `json:"credentialInfos,omitempty"`
		OnlyValid bool             `json:"onlyValid,omitempty"`
	}{IDs: []string{}, OnlyValid: onlyValid}
	for _, key := range keys {
		if onlyValid && !key.Usable(p.Now()) {
			continue
		}
		out.IDs = append(out.IDs, key.ID)
		if !full {
			continue
		}
		one, err := p.describe(c.service, key, v)
		if err != nil {
			return err
		}
		one.ID = key.ID
		out.Infos = append(out.Infos, one)
	}
	return oauth.Answer(w, http.StatusOK, out)
}

// credentialsInfo tells of one key (§11.5). A SAD is enough for the key that it is for (§8.4).
func (p *Provider) credentialsInfo(w http.ResponseWriter, r *http.Request) error {
	c, in, err := p.method(w, r, maxJSON)
	if err != nil {
		return err
	}
	key, err := p.credential(r.Context(), c, in)
	if err != nil {
		return err
	}
	v, err := p.readWanted(r, in)
	if err != nil {
		return err
	}
	out, err := p.describe(c.service, key, v)
	if err != nil {
		return err
	}
	return oauth.Answer(w, http.StatusOK, out)
}

// method begins every method but info: who calls, then what they say. Nothing of a stranger's body is read.
func (p *Provider) method(w http.ResponseWriter, r *http.Request, limit int64) (caller, params, error) {
	c, err := p.call(r)
	if err != nil {
		return c, nil, err
	}
	in, err := readParams(w, r, limit)
	return c, in, err
}

// credential finds the key that a request names, among the caller's own. Somebody else's is as unknown as none.
func (p *Provider) credential(ctx context.Context, c caller, in params) (signing.Key, error) {
	id, err := in.needText("credentialID")
	if err != nil {
		return signing.Key{}, err
	}
	if !credentialForm(id) || c.sad != nil && c.sad.Key != id {
		return signing.Key{}, invalid("credentialID").With(fault.KeyMismatch)
	}
	return p.keyOf(ctx, c.person, id)
}

func (p *Provider) keyOf(ctx context.Context, who citizen.ID, id string) (signing.Key, error) {
	keys, err := p.Signing.Keys(ctx, who)
	if err != nil {
		return signing.Key{}, err
	}
	for _, key := range keys {
		if key.ID == id {
			return key, nil
		}
	}
	return signing.Key{}, invalid("credentialID").With(fault.KeyMismatch)
}

// describe tells of a key what was asked for, and never more than its certificate says.
func (p *Provider) describe(s service.Service, key signing.Key, v wanted) (credentialInfo, error) {
	now := p.Now()
	cert, err := key.Certificate()
	if err != nil {
		return credentialInfo{}, err
	}
	out := credentialInfo{
		Description: p.About.Description, Qualifier: p.About.Qualifier, SCAL: "2", Multisign: p.Batch, Lang: v.lang,
		Key: keyInfo{Status: "disabled", Algo: algosOf(key.Alg)}, Auth: p.authOf(s, v), Cert: &certInfo{Status: certStatus(key, now)},
	}
	if key.Usable(now) && key.BlockedAt.IsZero() {
		out.Key.Status = "enabled"
	}
	switch public := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		out.Key.Len = public.N.BitLen()
	case *ecdsa.PublicKey:
		out.Key.Len, out.Key.Curve = public.Curve.Params().BitSize, oidP256
	}
	if v.cert {
		const generalized = "20060102150405Z"
		out.Cert.Issuer, out.Cert.Subject, out.Cert.Serial = cert.Issuer.String(), cert.Subject.String(), key.Serial
		out.Cert.From, out.Cert.To = cert.NotBefore.UTC().Format(generalized), cert.NotAfter.UTC().Format(generalized)
	}
	chain := key.Chain
	switch v.certificates {
	case "none":
		chain = nil
	case "single":
		chain = chain[:1]
	}
	for _, der := range chain {
		out.Cert.Certificates = append(out.Cert.Certificates, base64.StdEncoding.EncodeToString(der))
	}
	return out, nil
}

func certStatus(key signing.Key, now time.Time) string {
	switch {
	case key.State == signing.KeySuspended:
		return "suspended"
	case !now.Before(key.NotAfter):
		return "expired"
	case key.State == signing.KeyEnded:
		return "revoked"
	}
	return "valid"
}

// authOf tells how this service gets a SAD: by hand-over, unless its registration lets it see PINs.
func (p *Provider) authOf(s service.Service, v wanted) authInfo {
	if !p.explicit(s) {
		return authInfo{Mode: "oauth2code", Objects: []authObject{}}
	}
	out := authInfo{Mode: "explicit", Expression: authPIN + " AND " + authOTP, Objects: []authObject{}}
	if !v.auth {
		return out
	}
	out.Objects = []authObject{
		{Type: "Password", ID: authPIN, Format: "N", Label: "PIN de assinatura", Description: "O PIN com que assina"},
		{Type: "ChallengeResponse", ID: authOTP, Format: "N", Label: "Código", Description: "O código da mensagem que nomeia os documentos"},
	}
	if v.lang == "en" {
		out.Objects[0].Label, out.Objects[0].Description = "Signature PIN", "The PIN that you sign with"
		out.Objects[1].Label, out.Objects[1].Description = "Code", "The code of the message that names the documents"
	}
	return out
}

// explicit tells whether a service may send PIN and code itself: its registration says so, and the switch is open today.
func (p *Provider) explicit(s service.Service) bool {
	return s.CSC.Explicit && s.Allows(service.CollectsPIN, p.Now())
}
