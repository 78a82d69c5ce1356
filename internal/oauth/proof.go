package oauth

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"net/url"

	"chave/internal/core/fault"
)

// ClientRefused is RFC 6749 §5.2: 401, and a challenge for who tried by header.
func ClientRefused(r *http.Request, says string) *Refusal {
	e := Refuse(InvalidClient, "%s", says).With(fault.ServiceUnknown).At(http.StatusUnauthorized)
	if r.Header.Get("Authorization") != "" {
		e.Challenge = `Basic realm="chave", charset="UTF-8"`
	}
	return e
}

// Basic reads client_secret_basic: id and secret are form-encoded before they are joined and base64-encoded (RFC 6749 §2.3.1). Neither is empty when ok.
func Basic(r *http.Request) (id, secret string, ok bool) {
	if len(r.Header.Values("Authorization")) != 1 {
		return "", "", false
	}
	id, secret, ok = r.BasicAuth()
	if !ok {
		return "", "", false
	}
	id, err := url.QueryUnescape(id)
	if err != nil {
		return "", "", false
	}
	secret, err = url.QueryUnescape(secret)
	return id, secret, err == nil && id != "" && secret != ""
}

// CheckVerifier checks that a code_verifier fits a challenge of method S256 (RFC 7636 §4.6).
func CheckVerifier(challenge, verifier string) *Refusal {
	switch {
	case verifier == "":
		return Refuse(InvalidGrant, "code_verifier is missing")
	case len(verifier) < 43 || len(verifier) > 128:
		return Refuse(InvalidGrant, "code_verifier is not 43 to 128 characters long")
	}
	sum := sha256.Sum256([]byte(verifier))
	if subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(challenge)) != 1 {
		return Refuse(InvalidGrant, "code_verifier does not fit the code_challenge")
	}
	return nil
}
