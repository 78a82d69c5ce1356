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
)

// The scopes (§8.4). They are never asked for together.
const (
	scopeService    = "service"
	scopeCredential = "credential"
)

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

// errNoAddress keeps an error on our own page: there is no address that an answer may go to (B1, A13).
func errNoAddress(f form, field string) error {
	if slices.Contains(f.repeated, field) || !f.has(field) {
		return fault.New(fault.RequestMalformed).On(field)
	}
	return fault.New(fault.ReturnNotRegistered).On(field)
}

// replyTo finds where to answer, character by character. An error of replyTo must never leave by redirect.
func replyTo(s service.Service, in form) (reply, error) {
	to := reply{Client: s.ID, Redirect: in.get("redirect_uri")}
	if to.Redirect == "" || !slices.Contains(s.RedirectURIs, to.Redirect) {
		return to, errNoAddress(in, "redirect_uri")
	}
	if state := in.get("state"); len(state) <= maxState {
		to.State = []byte(state)
	}
	return to, nil
}

// readRequest checks everything that has an address to answer to. Its errors are refusals.
func (p *Provider) readRequest(in form, to reply) (request, error) {
	q := request{reply: to}
	if err := in.once(); err != nil {
		return q, err
	}
	switch {
	case len(in.get("state")) > maxState:
		return q, refuse(invalidRequest, "state is longer than %d bytes", maxState)
	case in.has("request"), in.has("request_uri"):
		return q, refuse(invalidRequest, "only addresses of pushed requests are known here")
	case !in.has("response_type"):
		return q, refuse(invalidRequest, "Missing parameter response_type")
	case in.get("response_type") != "code":
		return q, refuse(unsupportedResponseType, "only the code flow is offered (RFC 9700 2.1.2)")
	case in.has("account_token"):
		return q, refuse(invalidRequest, "account_token is not used here: people identify themselves")
	}
	if err := readPKCE(in, &q); err != nil {
		return q, err
	}
	q.Lang = locale(in.get("lang"))
	if q.Lang == "" {
		q.Lang = locale(in.get("ui_locales"))
	}
	q.Force = slices.Contains(strings.Fields(in.get("prompt")), "login")
	return q, p.readScope(in, &q)
}

// readPKCE requires S256 of everybody (B3, A15): plain protects nobody who can read the request, though the standard would let it be the default.
func readPKCE(in form, q *request) error {
	challenge := in.get("code_challenge")
	if challenge == "" {
		return refuse(invalidRequest, "Missing parameter code_challenge")
	}
	if in.get("code_challenge_method") != "S256" {
		return refuse(invalidRequest, "code_challenge_method must be S256")
	}
	if raw, err := base64.RawURLEncoding.Strict().DecodeString(challenge); err != nil || len(raw) != 32 {
		return refuse(invalidRequest, "code_challenge is not 43 characters of base64url")
	}
	q.Challenge = challenge
	return nil
}

// readScope finds out which of the two authorizations is asked for (§8.4.2); without any word, it is the service's.
func (p *Provider) readScope(in form, q *request) error {
	rich := in.has("authorization_details")
	switch scope := in.get("scope"); {
	case scope == scopeCredential, scope == "" && rich:
		q.Scope = scopeCredential
	case (scope == scopeService || scope == "") && !rich:
		q.Scope = scopeService
	default:
		return refuse(invalidScope, "scope is service or credential, and authorization_details go with credential only")
	}
	if q.Scope == scopeService {
		for _, name := range []string{"credentialID", "signatureQualifier", "numSignatures", "hashes"} {
			if in.has(name) {
				return refuse(invalidScope, "%s goes with scope credential only", name)
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
	if s.Names, err = names(in.get("clientData"), in.get("description"), s.Names, len(s.Digests)); err != nil {
		return err
	}
	q.Subject = &s
	return nil
}

// readSubject reads the parameters of their own that the standard has for a credential.
func (p *Provider) readSubject(in form) (subject, error) {
	s := subject{Credential: in.get("credentialID"), Qualifier: in.get("signatureQualifier")}
	if err := p.checkCredential(s.Credential, s.Qualifier); err != nil {
		return s, err
	}
	if !in.has("hashes") {
		return s, refuse(invalidRequest, "Missing parameter hashes: an authorization names all that it is for (SCAL2)").with(fault.NoDocuments)
	}
	if !in.has("hashAlgorithmOID") {
		return s, refuse(invalidRequest, "Missing parameter hashAlgorithmOID")
	}
	var err error
	if s.Hash, err = hashOf(in.get("hashAlgorithmOID")); err != nil {
		return s, err
	}
	// A comma keeps them apart; one too many at the end is nobody's digest.
	if s.Digests, err = p.digestsOf(strings.Split(in.get("hashes"), ","), s.Hash); err != nil {
		return s, err
	}
	n, err := strconv.Atoi(in.get("numSignatures"))
	if err != nil {
		return s, refuse(invalidRequest, "Missing (or invalid type) integer parameter numSignatures")
	}
	return s, p.checkCount(n, len(s.Digests))
}

// checkCredential wants one way to say which key.
func (p *Provider) checkCredential(id, qualifier string) error {
	switch {
	case id == "" && qualifier == "":
		return refuse(invalidRequest, "Missing parameter credentialID")
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
		return refuse(invalidRequest, "Invalid value for parameter numSignatures")
	case n > p.Batch:
		return refuse(invalidRequest, "Numbers of signatures is too high").with(fault.TooManyDocuments)
	case n != digests:
		return refuse(invalidRequest, "Invalid value for parameter numSignatures: it must be the number of hashes (SCAL2)")
	}
	return nil
}
