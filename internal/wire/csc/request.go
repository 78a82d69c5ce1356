package csc

import (
	"crypto"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"chave/internal/core/fault"
	"chave/internal/core/service"
	"chave/internal/core/signing"
	"chave/internal/oauth"
)

// The scopes (§8.4). They are never asked for together.
const (
	scopeService    = "service"
	scopeCredential = "credential"
)

const maxState = 4 << 10 // bytes

// reply is where an answer goes, errors included: only an address that the service registered.
type reply struct {
	Client   string `json:"client"`
	Redirect string `json:"redirect"`
	State    []byte `json:"state,omitempty"` // echoed byte for byte, whatever the bytes
}

// request is a checked authorization request: the payload of a sign-in, of a pushed request, of a hand-over.
type request struct {
	reply
	Pushed    bool     `json:"pushed,omitempty"`
	Scope     string   `json:"scope"`
	Challenge string   `json:"challenge"`
	Force     bool     `json:"force,omitempty"` // prompt=login
	Lang      string   `json:"lang,omitempty"`
	Subject   *subject `json:"subject,omitempty"` // of scope credential
}

// subject is what a person is asked to sign.
type subject struct {
	Credential string      `json:"credential,omitempty"` // empty: the person's own, whichever it is
	Qualifier  string      `json:"qualifier,omitempty"`
	Hash       crypto.Hash `json:"hash"`
	Digests    [][]byte    `json:"digests"`
	Names      []string    `json:"names,omitempty"` // one per digest, or none
	Rich       bool        `json:"rich,omitempty"`  // came as authorization_details, and is answered so
}

// documents are the digests with their names, for core/signing and for our page.
func (s subject) documents(asks service.Service, lang string) []signing.Document {
	return documentsOf(s.Digests, s.Names, asks.Name.In(lang))
}

// replyTo finds where to answer, character by character. An error of replyTo must never leave by redirect.
func replyTo(s service.Service, in oauth.Form) (reply, error) {
	to := reply{Client: s.ID, Redirect: in.Get("redirect_uri")}
	if to.Redirect == "" || !slices.Contains(s.RedirectURIs, to.Redirect) {
		return to, in.NoAddress("redirect_uri")
	}
	if state := in.Get("state"); len(state) <= maxState {
		to.State = []byte(state)
	}
	return to, nil
}

// readRequest checks everything that has an address to answer to. Its errors are refusals.
func (p *Provider) readRequest(in oauth.Form, to reply) (request, error) {
	q := request{reply: to}
	if err := in.Once(); err != nil {
		return q, err
	}
	switch {
	case len(in.Get("state")) > maxState:
		return q, oauth.Refuse(oauth.InvalidRequest, "state is longer than %d bytes", maxState)
	case in.Has("request"), in.Has("request_uri"):
		return q, oauth.Refuse(oauth.InvalidRequest, "only addresses of pushed requests are known here")
	case !in.Has("response_type"):
		return q, oauth.Refuse(oauth.InvalidRequest, "Missing parameter response_type")
	case in.Get("response_type") != "code":
		return q, oauth.Refuse(oauth.UnsupportedResponseType, "only the code flow is offered (RFC 9700 2.1.2)")
	case in.Has("account_token"):
		return q, oauth.Refuse(oauth.InvalidRequest, "account_token is not used here: people identify themselves")
	}
	if err := readPKCE(in, &q); err != nil {
		return q, err
	}
	q.Lang = locale(in.Get("lang"))
	if q.Lang == "" {
		q.Lang = locale(in.Get("ui_locales"))
	}
	q.Force = slices.Contains(strings.Fields(in.Get("prompt")), "login")
	return q, p.readScope(in, &q)
}

// readPKCE requires S256 of everybody (B3, A15): plain protects nobody who can read the request, though the standard would let it be the default.
func readPKCE(in oauth.Form, q *request) error {
	challenge := in.Get("code_challenge")
	if challenge == "" {
		return oauth.Refuse(oauth.InvalidRequest, "Missing parameter code_challenge")
	}
	if in.Get("code_challenge_method") != "S256" {
		return oauth.Refuse(oauth.InvalidRequest, "code_challenge_method must be S256")
	}
	if raw, err := base64.RawURLEncoding.Strict().DecodeString(challenge); err != nil || len(raw) != 32 {
		return oauth.Refuse(oauth.InvalidRequest, "code_challenge is not 43 characters of base64url")
	}
	q.Challenge = challenge
	return nil
}

// readScope finds out which of the two authorizations is asked for (§8.4.2); without any word, it is the service's.
func (p *Provider) readScope(in oauth.Form, q *request) error {
	rich := in.Has("authorization_details")
	switch scope := in.Get("scope"); {
	case scope == scopeCredential, scope == "" && rich:
		q.Scope = scopeCredential
	case (scope == scopeService || scope == "") && !rich:
		q.Scope = scopeService
	default:
		return oauth.Refuse(oauth.InvalidScope, "scope is service or credential, and authorization_details go with credential only")
	}
	if q.Scope == scopeService {
		for _, name := range []string{"credentialID", "signatureQualifier", "numSignatures", "hashes"} {
			if in.Has(name) {
				return oauth.Refuse(oauth.InvalidScope, "%s goes with scope credential only", name)
			}
		}
		return nil
	}
	var (
		s   subject
		err error
	)
	if rich {
		s, err = p.readDetails(in)
	} else {
		s, err = p.readSubject(in)
	}
	if err != nil {
		return err
	}
	if s.Names, err = names(in.Get("clientData"), in.Get("description"), s.Names, len(s.Digests)); err != nil {
		return err
	}
	q.Subject = &s
	return nil
}

// readSubject reads the parameters of their own that the standard has for a credential.
func (p *Provider) readSubject(in oauth.Form) (subject, error) {
	s := subject{Credential: in.Get("credentialID"), Qualifier: in.Get("signatureQualifier")}
	if err := p.checkCredential(s.Credential, s.Qualifier); err != nil {
		return s, err
	}
	if !in.Has("hashes") {
		return s, oauth.Refuse(oauth.InvalidRequest, "Missing parameter hashes: an authorization names all that it is for (SCAL2)").With(fault.NoDocuments)
	}
	if !in.Has("hashAlgorithmOID") {
		return s, oauth.Refuse(oauth.InvalidRequest, "Missing parameter hashAlgorithmOID")
	}
	var err error
	if s.Hash, err = hashOf(in.Get("hashAlgorithmOID")); err != nil {
		return s, err
	}
	// A comma keeps them apart; one too many at the end is nobody's digest.
	if s.Digests, err = p.digestsOf(strings.Split(in.Get("hashes"), ","), s.Hash); err != nil {
		return s, err
	}
	n, err := strconv.Atoi(in.Get("numSignatures"))
	if err != nil {
		return s, oauth.Refuse(oauth.InvalidRequest, "Missing (or invalid type) integer parameter numSignatures")
	}
	return s, p.checkCount(n, len(s.Digests))
}

// checkCredential wants one way to say which key.
func (p *Provider) checkCredential(id, qualifier string) error {
	switch {
	case id == "" && qualifier == "":
		return oauth.Refuse(oauth.InvalidRequest, "Missing parameter credentialID")
	case id != "" && !credentialForm(id):
		return invalid("credentialID")
	case qualifier != "" && qualifier != p.About.Qualifier:
		return invalid("signatureQualifier")
	}
	return nil
}

// credentialForm tells whether a text can be one of our ids at all.
func credentialForm(id string) bool {
	if len(id) != 26 {
		return false
	}
	for i := range len(id) {
		if (id[i] < 'a' || id[i] > 'z') && (id[i] < '2' || id[i] > '7') {
			return false
		}
	}
	return true
}

// checkCount holds that each signature has its digest: an authorization for more would be a blank cheque.
func (p *Provider) checkCount(n, digests int) error {
	switch {
	case n < 1:
		return oauth.Refuse(oauth.InvalidRequest, "Invalid value for parameter numSignatures")
	case n > p.Batch:
		return oauth.Refuse(oauth.InvalidRequest, "Numbers of signatures is too high").With(fault.TooManyDocuments)
	case n != digests:
		return oauth.Refuse(oauth.InvalidRequest, "Invalid value for parameter numSignatures: it must be the number of hashes (SCAL2)")
	}
	return nil
}

// locale is the first of BCP 47 tags that our pages speak; empty when none is.
func locale(tags string) string {
	for _, tag := range strings.FieldsFunc(tags, func(r rune) bool { return r == ' ' || r == ',' }) {
		primary, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if primary == "pt" || primary == "en" {
			return primary
		}
	}
	return ""
}
