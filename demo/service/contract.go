package service

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"
)

// How a contract ended, as the bank's page explains it.
const (
	contractSigned  = "signed"
	contractRefused = "refused"
	contractExpired = "expired"
	contractUnable  = "unable"
	contractOther   = "other"
	contractFailed  = "failed"
)

// contractStep is a contract on its way through Chave: first for leave to see the person's certificate, then for the signature.
type contractStep struct {
	browser, session string
	verifier         string
	order            *order // nil in the first step
	at               time.Time
}

// signedContract is what the bank keeps of a signature: the file.
type signedContract struct {
	file  []byte
	level string
}

// contractMax bounds how many contracts are kept, on the way and signed: a signed one has about 70 kB.
const contractMax = 200

// startContract sends a signed-in person to Chave. The bank never sees a PIN or a code.
func (s *Service) startContract(w http.ResponseWriter, r *http.Request) error {
	if _, in := s.session(r); !in {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), 10*time.Second)
	defer cancel()
	return s.sendToSign(ctx, w, r, url.Values{"scope": {"service"}}, nil)
}

// sendToSign pushes a request (RFC 9126) and sends the browser after it.
func (s *Service) sendToSign(ctx context.Context, w http.ResponseWriter, r *http.Request, ask url.Values, o *order) error {
	state, started, err := s.begin(r)
	if err != nil {
		return err
	}
	ask.Set("state", state)
	ask.Set("code_challenge", oauth2.S256ChallengeFromVerifier(started.verifier))
	ask.Set("lang", s.lang(w, r))
	address, err := s.csc.push(ctx, ask)
	if err != nil {
		s.cfg.Log.WarnContext(ctx, "a contract could not begin", "service", s.cfg.Registration.ID, "cause", err)
		return s.toContract(w, r, contractFailed)
	}
	s.memory.put(state, contractStep{browser: started.browser, session: s.sessionID(r), verifier: started.verifier, order: o})
	s.setCookie(w, "browser", started.browser, 0)
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}

// contractBack takes Chave's answer to either step.
func (s *Service) contractBack(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	step, ok := s.memory.takeContract(q.Get("state"))
	in, open := s.session(r)
	if !ok || !open || !same(step.browser, s.browser(r)) || step.session != s.sessionID(r) {
		return s.toContract(w, r, contractExpired)
	}
	if q.Get("iss") != s.csc.base { // RFC 9207
		return s.toContract(w, r, contractFailed)
	}
	switch {
	case q.Get("error") == "access_denied":
		return s.toContract(w, r, contractRefused)
	case q.Get("error") != "":
		return s.toContract(w, r, contractFailed)
	}
	ctx, cancel := context.WithTimeout(r.Context(), 30*time.Second)
	defer cancel()
	token, err := s.csc.token(ctx, q.Get("code"), step.verifier)
	if err != nil {
		return s.contractStopped(w, r, err)
	}
	if step.order != nil {
		file, level, err := s.csc.sign(ctx, token, step.order)
		if err != nil {
			return s.contractStopped(w, r, err)
		}
		s.memory.keepContract(step.session, signedContract{file, level})
		return s.toContract(w, r, contractSigned)
	}
	lang := s.lang(w, r)
	name := in.learned.Name
	o, err := s.csc.prepare(ctx, token, name, contractPDF(lang, s.cfg.Registration.Name.In(lang), name, s.cfg.Now()))
	if err != nil {
		return s.contractStopped(w, r, err)
	}
	return s.sendToSign(ctx, w, r, o.ask(contractName(lang)), o)
}

func (s *Service) contractStopped(w http.ResponseWriter, r *http.Request, err error) error {
	s.cfg.Log.WarnContext(r.Context(), "a contract was not signed", "service", s.cfg.Registration.ID, "cause", err)
	var said *cscError
	switch {
	case errors.Is(err, errNoKey):
		return s.toContract(w, r, contractUnable)
	case errors.Is(err, errOtherPerson):
		return s.toContract(w, r, contractOther)
	case errors.As(err, &said) && (said.name == "invalid_grant" || said.name == "expired_token"):
		return s.toContract(w, r, contractExpired)
	}
	return s.toContract(w, r, contractFailed)
}

func (s *Service) toContract(w http.ResponseWriter, r *http.Request, how string) error {
	http.Redirect(w, r, "/?contract="+how+"#contract", http.StatusSeeOther)
	return nil
}

// contractFile hands out what this session signed.
func (s *Service) contractFile(w http.ResponseWriter, r *http.Request) error {
	signed, ok := s.memory.contract(s.sessionID(r))
	if _, in := s.session(r); !in || !ok {
		return s.lost(w, r)
	}
	w.Header().Set("Content-Type", "application/pdf")
	w.Header().Set("Content-Disposition", `attachment; filename="contract-signed.pdf"`)
	w.Header().Set("Cache-Control", "no-store")
	_, err := w.Write(signed.file)
	return err
}

// contractView fills in what the page says of a contract.
func (s *Service) contractView(v *view, r *http.Request) {
	if s.csc == nil {
		return
	}
	v.Contract = "offer"
	if how := r.URL.Query().Get("contract"); s.texts.Has("contract." + how + ".title") {
		v.Contract = how
	}
	signed, ok := s.memory.contract(s.sessionID(r))
	switch {
	case ok:
		v.Contract, v.ContractLevel = contractSigned, signed.level
	case v.Contract == contractSigned: // an address alone signs nothing
		v.Contract = "offer"
	}
	v.Check = strings.TrimRight(s.cfg.Issuer, "/") + "/check"
}

// contractName is what the message with the code calls the contract.
func contractName(lang string) string {
	if lang == "pt" {
		return "Contrato de conta.pdf"
	}
	return "Account contract.pdf"
}
