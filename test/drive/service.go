package drive

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Service is a relying party: OpenID Connect, authorization code with PKCE, client_secret_basic. It believes what the token endpoint tells it over its
// own connection (OIDC Core §3.1.3.7) and checks what a browser could have changed.
type Service struct {
	Issuer      string
	ID, Secret  string
	RedirectURI string
	Scope       string
	Lines       *Lines
}

// Flow is what the service remembers of one request.
type Flow struct {
	State, Nonce, Verifier string
}

// Tokens is a token answer.
type Tokens struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
	ExpiresIn    int    `json:"expires_in"`
}

// Refused is an error answer of the provider (RFC 6749 §5.2).
type Refused struct {
	Status      int
	Code        string `json:"error"`
	Description string `json:"error_description"`
}

func (e *Refused) Error() string {
	return fmt.Sprintf("refused: %d %s (%s)", e.Status, e.Code, e.Description)
}

// Ask makes an authorization request.
func (s *Service) Ask() (*url.URL, Flow, error) {
	f := Flow{State: text(), Nonce: text(), Verifier: text()}
	challenge := sha256.Sum256([]byte(f.Verifier))
	u, err := url.Parse(s.Issuer + "/oauth2/authorize")
	if err != nil {
		return nil, f, err
	}
	u.RawQuery = url.Values{
		"response_type": {"code"}, "client_id": {s.ID}, "redirect_uri": {s.RedirectURI}, "scope": {s.Scope}, "state": {f.State}, "nonce": {f.Nonce},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}.Encode()
	return u, f, nil
}

// Back tells whether an address is the service's own.
func (s *Service) Back(u *url.URL) bool { return strings.HasPrefix(u.String(), s.RedirectURI) }

// Code reads the answer that the browser brought (RFC 6749 §4.1.2, RFC 9207).
func (s *Service) Code(f Flow, back *url.URL) (string, error) {
	q := back.Query()
	if q.Get("state") != f.State {
		return "", fmt.Errorf("state is not the one we sent")
	}
	if iss := q.Get("iss"); iss != s.Issuer {
		return "", fmt.Errorf("answer of another issuer %q", iss)
	}
	if e := q.Get("error"); e != "" {
		return "", &Refused{Code: e, Description: q.Get("error_description")}
	}
	if q.Get("code") == "" {
		return "", fmt.Errorf("answer without a code")
	}
	return q.Get("code"), nil
}

// Redeem turns a code into tokens and checks who, for whom and which nonce the ID token says.
func (s *Service) Redeem(ctx context.Context, f Flow, code string) (Tokens, error) {
	t, err := s.Token(ctx, url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {s.RedirectURI}, "code_verifier": {f.Verifier},
	})
	if err != nil {
		return t, err
	}
	claims, err := Claims(t.IDToken)
	if err != nil {
		return t, err
	}
	if claims["iss"] != s.Issuer || claims["aud"] != s.ID || claims["nonce"] != f.Nonce || claims["sub"] == "" {
		return t, fmt.Errorf("ID token says iss %v, aud %v", claims["iss"], claims["aud"])
	}
	return t, nil
}

// Refresh trades a refresh token for fresh ones.
func (s *Service) Refresh(ctx context.Context, refresh string) (Tokens, error) {
	return s.Token(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
}

// Token posts to the token endpoint.
func (s *Service) Token(ctx context.Context, form url.Values) (t Tokens, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Issuer+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		return t, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(url.QueryEscape(s.ID), url.QueryEscape(s.Secret))
	return t, s.json(ctx, r, &t)
}

// UserInfo asks for the attributes that were shared.
func (s *Service) UserInfo(ctx context.Context, access string) (claims map[string]any, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Issuer+"/oauth2/userinfo", nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Authorization", "Bearer "+access)
	return claims, s.json(ctx, r, &claims)
}

func (s *Service) json(ctx context.Context, r *http.Request, into any) error {
	answer, body, err := s.Lines.Do(ctx, r)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		refused := &Refused{Status: answer.StatusCode}
		_ = json.Unmarshal(body, refused) // what is not JSON has no code
		return refused
	}
	return json.Unmarshal(body, into)
}

// Claims reads a JWT's claims without checking its signature.
func Claims(token string) (map[string]any, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, fmt.Errorf("ID token has %d parts", len(parts))
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, err
	}
	var claims map[string]any
	return claims, json.Unmarshal(raw, &claims)
}

// text is 256 random bits for state, nonce and verifier (RFC 7636 §4.1 wants 43 characters at least).
func text() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
