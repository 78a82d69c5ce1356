package oidc

import (
	"encoding/base64"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"chave/internal/core/consent"
	"chave/internal/core/fault"
	"chave/internal/core/service"
	"chave/internal/oauth"
)

// The response modes. Fragments are not offered: nothing that comes from here belongs into one.
const (
	modeQuery = "query"
	modePost  = "form_post"
)

const (
	maxState = 4 << 10
	maxNonce = 1 << 10
	maxHint  = 256
)

// reply is where an answer goes, errors included: only an address that the service registered.
type reply struct {
	Client   string `json:"client"`
	Redirect string `json:"redirect"`
	Mode     string `json:"mode"`
	State    []byte `json:"state,omitempty"` // echoed byte for byte, whatever the bytes
}

// request is a checked authorization request. Its JSON form is the payload of a login transaction and of a pushed request.
type request struct {
	reply
	Pushed       bool           `json:"pushed,omitempty"`
	Scopes       []string       `json:"scopes"`
	Nonce        string         `json:"nonce,omitempty"`
	Challenge    string         `json:"challenge,omitempty"`
	Ask          []consent.Ask  `json:"ask,omitempty"`
	Named        []consent.Name `json:"named,omitempty"` // by the claims parameter
	ACR          []string       `json:"acr,omitempty"`
	ACREssential bool           `json:"acr_essential,omitempty"`
	Level        service.Level  `json:"level"`
	Prompt       []string       `json:"prompt,omitempty"`
	MaxAge       *int64         `json:"max_age,omitempty"` // seconds
	Subject      string         `json:"subject,omitempty"` // who must sign in, by id_token_hint or the sub claim
	Hint         string         `json:"hint,omitempty"`
	Lang         string         `json:"lang,omitempty"`
}

// replyTo finds where to answer. An error of replyTo must never leave by redirect.
func replyTo(s service.Service, in oauth.Form) (reply, error) {
	to := reply{Client: s.ID, Redirect: in.Get("redirect_uri"), Mode: modeQuery}
	if to.Redirect == "" || !registeredRedirect(s, to.Redirect) {
		return to, in.NoAddress("redirect_uri")
	}
	if state := in.Get("state"); len(state) <= maxState {
		to.State = []byte(state)
	}
	return to, nil
}

// registeredRedirect compares character by character. The one exception is a public client's loopback address, whose port the system chooses when the
// program starts (RFC 8252 §7.3, RFC 9700 §2.1).
func registeredRedirect(s service.Service, asked string) bool {
	if slices.Contains(s.RedirectURIs, asked) {
		return true
	}
	if !s.PublicClient() {
		return false
	}
	without, ok := withoutLoopbackPort(asked)
	if !ok {
		return false
	}
	for _, registered := range s.RedirectURIs {
		if r, ok := withoutLoopbackPort(registered); ok && r == without {
			return true
		}
	}
	return false
}

// withoutLoopbackPort cuts the port out of the text, so that nothing else of the address is read in another spelling.
func withoutLoopbackPort(text string) (string, bool) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || u.User != nil || strings.Contains(text, "#") {
		return "", false
	}
	ip := net.ParseIP(u.Hostname())
	if u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", false
	}
	host := strings.TrimSuffix(u.Host, ":"+u.Port())
	rest, found := strings.CutPrefix(text, "http://"+u.Host)
	return "http://" + host + rest, found
}

// readRequest checks everything that has an address to answer to. Its errors are refusals. The order is the standards': first what cannot be
// understood, then what is not offered, then what is not allowed.
func (p *Provider) readRequest(s service.Service, in oauth.Form, to *reply) (request, error) {
	q := request{}
	if slices.Contains(p.modes(), in.Get("response_mode")) {
		to.Mode = in.Get("response_mode") // before anything else, so that errors travel by it too
	}
	q.reply = *to
	if err := in.Once(); err != nil {
		return q, err
	}
	switch {
	case len(in.Get("state")) > maxState:
		return q, oauth.Refuse(oauth.InvalidRequest, "state is longer than %d bytes", maxState)
	case in.Has("request"):
		return q, oauth.Refuse(requestNotSupported, "request objects are not supported, push the request instead (RFC 9126)")
	case in.Has("request_uri"):
		return q, oauth.Refuse(requestURINotSupported, "only addresses of pushed requests are known here")
	case in.Has("registration"):
		return q, oauth.Refuse(registrationUnsupported, "services are registered by the operator")
	case !in.Has("response_type"):
		return q, oauth.Refuse(oauth.InvalidRequest, "response_type is missing")
	case in.Get("response_type") != "code":
		return q, oauth.Refuse(oauth.UnsupportedResponseType, "only the code flow is offered (RFC 9700 2.1.2)")
	case in.Has("response_mode") && in.Get("response_mode") != to.Mode:
		return q, oauth.Refuse(oauth.InvalidRequest, "response_mode is not one of %s", strings.Join(p.modes(), ", "))
	case len(in.Get("nonce")) > maxNonce:
		return q, oauth.Refuse(oauth.InvalidRequest, "nonce is longer than %d bytes", maxNonce)
	}
	q.Nonce = in.Get("nonce")
	for _, read := range []func(service.Service, oauth.Form, *request) error{readPKCE, readScopes, readPrompt, readACR} {
		if err := read(s, in, &q); err != nil {
			return q, err
		}
	}
	q.Hint = shownHint(in.Get("login_hint"))
	q.Lang = locale(in.Get("ui_locales"))
	return q, nil
}

// readPKCE requires S256 (B3, A15): plain protects nobody who can read the request.
func readPKCE(s service.Service, in oauth.Form, q *request) error {
	challenge, method := in.Get("code_challenge"), in.Get("code_challenge_method")
	switch {
	case challenge == "" && method != "":
		return oauth.Refuse(oauth.InvalidRequest, "code_challenge_method without code_challenge")
	case challenge == "" && s.PKCEOptional && !s.PublicClient():
		return nil
	case challenge == "":
		return oauth.Refuse(oauth.InvalidRequest, "code_challenge is missing, PKCE is required")
	case method != "S256":
		return oauth.Refuse(oauth.InvalidRequest, "code_challenge_method must be S256")
	}
	if raw, err := base64.RawURLEncoding.DecodeString(challenge); err != nil || len(raw) != 32 {
		return oauth.Refuse(oauth.InvalidRequest, "code_challenge is not 43 characters of base64url")
	}
	q.Challenge = challenge
	return nil
}

// readScopes wants openid: without it this would be plain OAuth, and there is nothing here to be authorised for but learning who somebody is.
func readScopes(s service.Service, in oauth.Form, q *request) error {
	asked := list(in.Get("scope"))
	for _, r := range in.Get("scope") {
		if r != ' ' && (r < 0x21 || r > 0x7e || r == '"' || r == '\\') {
			return oauth.Refuse(oauth.InvalidScope, "scope holds characters that RFC 6749 3.3 does not allow")
		}
	}
	if !slices.Contains(asked, scopeOpenID) {
		return oauth.Refuse(oauth.InvalidScope, "scope must hold openid")
	}
	wants, err := readClaims(in.Get("claims"))
	if err != nil {
		return err
	}
	q.Scopes = scopesFor(s, asked)
	q.Ask, q.Named = asksFor(s, q.Scopes, wants)
	if sub, asked := wants.named("sub"); asked {
		if words := sub.words(); len(words) > 0 {
			q.Subject = words[0]
		}
	}
	q.ACR = list(in.Get("acr_values"))
	if acr, asked := wants.IDToken["acr"]; asked && acr != nil {
		if words := acr.words(); len(words) > 0 {
			q.ACR, q.ACREssential = words, acr.Essential
		}
	}
	return nil
}

func promptNames() []string { return []string{"none", "login", "consent", "select_account"} }

func readPrompt(_ service.Service, in oauth.Form, q *request) error {
	q.Prompt = list(in.Get("prompt"))
	for _, word := range q.Prompt {
		if !slices.Contains(promptNames(), word) {
			return oauth.Refuse(oauth.InvalidRequest, "prompt holds an unknown value")
		}
	}
	if q.silent() && len(q.Prompt) > 1 {
		return oauth.Refuse(oauth.InvalidRequest, "prompt=none goes with no other value")
	}
	if text := in.Get("max_age"); text != "" {
		seconds, err := strconv.ParseInt(text, 10, 32)
		if err != nil || seconds < 0 {
			return oauth.Refuse(oauth.InvalidRequest, "max_age is not a number of seconds")
		}
		q.MaxAge = &seconds
	}
	return nil
}

func readACR(s service.Service, _ oauth.Form, q *request) error {
	level, ok := levelFor(q.ACR, q.ACREssential, s.MinLevel)
	if !ok {
		return oauth.Refuse(unmetAuthentication, "none of the acr values asked for can be reached").With(fault.LevelTooLow)
	}
	q.Level = level
	return nil
}

func (q request) silent() bool { return slices.Contains(q.Prompt, "none") }

// forced tells whether PIN and code are needed whatever session there is. max_age=0 means the same as prompt=login (OIDC Core §3.1.2.1).
func (q request) forced() bool {
	return slices.Contains(q.Prompt, "login") || slices.Contains(q.Prompt, "select_account") || (q.MaxAge != nil && *q.MaxAge == 0)
}

func (q request) maxAge() *time.Duration {
	if q.MaxAge == nil {
		return nil
	}
	age := time.Duration(*q.MaxAge) * time.Second
	return &age
}

// offline tells whether refresh tokens were asked for and may be given. Only what a person has seen can allow them (OIDC Core §11): never a silent request.
func (q request) offline() bool { return slices.Contains(q.Scopes, scopeOffline) && !q.silent() }

// shownHint keeps what may stand in the first field: short, and nothing that a page or terminal would act on.
func shownHint(s string) string {
	if len(s) > maxHint {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf) {
			return -1
		}
		return r
	}, s)
}

// locale is the first of ui_locales (BCP 47 tags in order of preference) that pages speak.
func locale(tags string) string {
	for _, tag := range strings.Fields(tags) {
		primary, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if primary == "pt" || primary == "en" {
			return primary
		}
	}
	return ""
}

// list splits a space-separated parameter, each word once.
func list(s string) []string {
	var words []string
	for _, word := range strings.Fields(s) {
		if !slices.Contains(words, word) {
			words = append(words, word)
		}
	}
	return words
}
