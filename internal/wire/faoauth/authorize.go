package faoauth

import (
	"context"
	"encoding/json"
	"net/http"

	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/service"
)

// authorize begins a sign-in (§2.1). A service that is unknown, or an address that is not acceptable, is answered at our own page and never redirected to.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) error {
	q, ok := readQuery(r.URL.RawQuery)
	client, once := q.one("client_id")
	if !ok || !once || client == "" {
		p.refused(r.Context(), "", refuse(invalidRequest, fault.RequestMalformed))
		return answerError(w, landing, invalidRequest, "", false)
	}
	s, err := p.serviceOf(r.Context(), client)
	if fault.Is(err, fault.ServiceUnknown) {
		p.refused(r.Context(), "", refuse(unauthorizedClient, fault.ServiceUnknown))
		return answerError(w, landing, unauthorizedClient, "", false)
	}
	if err != nil {
		return err
	}
	req, no := p.readRequest(r, q, s)
	if no != nil {
		p.refused(r.Context(), s.ID, no)
		return answerError(w, req.To, no.word, req.State, req.State != "")
	}
	p.count(s, service.ImplicitToken)
	if !req.withState {
		p.count(s, service.NoState)
	}
	return p.begin(w, r, s, req)
}

// begin stores the sign-in. The compat session may stand for PIN and code, by CMD's own rule (§1.5.3); the share page comes in any case. A refresh token goes out with
// every result, so the share page says that the service may look again.
func (p *Provider) begin(w http.ResponseWriter, r *http.Request, s service.Service, req request) error {
	payload, err := json.Marshal(req)
	if err != nil {
		return err
	}
	to := req.To
	if to == landing {
		to = p.Issuer + landing
	}
	t, err := p.Login.Begin(r.Context(), login.Request{
		Wire: wire, Realm: login.Compat, Payload: payload, Resume: func(id string) string { return PathResume + id }, Return: to, Purpose: login.SignIn,
		Service: s, Ask: req.asks, Offline: true, Late: true, MinLevel: max(req.Level, s.MinLevel), Lang: p.lang(r),
		Browser: p.Jar.EnsureBrowser(w, r, p.Rand), Session: p.Jar.Session(r),
	})
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/signin/"+t.ID)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// resume answers the service when the pages are done. The sign-in is spent in the commit that writes the tokens: a reload finds it over. No source is asked here: the
// service comes back for what they hold.
func (p *Provider) resume(w http.ResponseWriter, r *http.Request) error {
	var (
		req  request
		s    service.Service
		made = p.newTokens()
		open bool
	)
	out, err := p.Login.FinishNow(r.Context(), r.PathValue("id"), p.Jar.Browser(r), wire, func(tx login.Tx, out login.Outcome) (err error) {
		if err := json.Unmarshal(out.Payload, &req); err != nil {
			return err
		}
		if s, err = tx.Service(out.Service); err != nil {
			return err
		}
		open = p.opens(s) && (req.To == landing || p.mayGoTo(s, req.To)) // changed while the person signed in
		if out.Refusal != "" || !open || emptyHanded(out.Verified) {
			return nil
		}
		return p.issue(tx, s, req.Names, out.Verified, made)
	})
	if err != nil {
		return p.unfinished(w, r, out, err)
	}
	why := out.Refusal
	if why == "" && emptyHanded(out.Verified) {
		why = fault.RequiredNotShared
	}
	switch {
	case !open:
		return fault.New(fault.ReturnNotRegistered)
	case why != "":
		p.refused(r.Context(), s.ID, refuse(cancelled, why))
		return answerError(w, req.To, cancelled, req.State, req.State != "")
	}
	if made.long {
		p.count(s, service.LongToken)
	}
	return answerToken(w, req.To, made, req.State)
}

// unfinished answers for a sign-in that could not end: nothing was spent. A key that stopped working since the last page is a refusal, which the service learns like any
// other; all else stays here, where trying again may help.
func (p *Provider) unfinished(w http.ResponseWriter, r *http.Request, out login.Outcome, cause error) error {
	var req request
	if fault.Is(cause, fault.LoginExpired) { // nothing was spent, and nothing can be any more
		t, err := p.Login.Load(r.Context(), r.PathValue("id"), p.Jar.Browser(r))
		if err != nil || t.Wire != wire {
			return cause
		}
		out.Payload = t.Payload
	} else if !fault.IsKind(cause, fault.Denied) {
		return cause
	}
	if out.Payload == nil || json.Unmarshal(out.Payload, &req) != nil {
		return cause
	}
	s, err := p.serviceOf(r.Context(), req.Client)
	if err != nil || req.To != landing && !p.mayGoTo(s, req.To) {
		return cause
	}
	p.refused(r.Context(), s.ID, refuse(cancelled, fault.Of(cause).Code))
	return answerError(w, req.To, cancelled, req.State, req.State != "")
}

// emptyHanded tells whether a person refused all that they could have shared, which is a cancellation (§1.5.2).
func emptyHanded(v login.Verified) bool {
	return v.Proven() && len(v.Answered().Shared) == 0 && len(v.Answered().Refused) > 0
}

// serviceOf finds the service of a client_id. A closed one is as good as unknown.
func (p *Provider) serviceOf(ctx context.Context, client string) (s service.Service, err error) {
	err = p.View(ctx, func(tx Tx) (err error) {
		s, err = tx.ServiceNamed(service.WireOAuth, client)
		return err
	})
	if err == nil && (s.Closed || s.OAuth == nil) {
		err = fault.New(fault.ServiceUnknown)
	}
	return s, err
}

// opens tells whether the door stands open for a service: what the operator took back counts at once, for tokens that are out too.
func (p *Provider) opens(s service.Service) bool {
	return !s.Closed && s.OAuth != nil && s.Allows(service.ImplicitToken, p.Now())
}

func (p *Provider) count(s service.Service, used service.Switch) {
	if p.Count != nil {
		p.Count(s.ID, used)
	}
}

func (p *Provider) lang(r *http.Request) string {
	if p.Lang != nil {
		if lang := p.Lang(r); lang != "" {
			return lang
		}
	}
	return "pt"
}

// refused puts a refusal on the log: which service and why, never what was sent.
func (p *Provider) refused(ctx context.Context, service string, no *refusal) {
	p.Log.InfoContext(ctx, "request refused", "wire", wire, "service", service, "code", no.code, "answer", no.word)
}

// failed shows an error for which there is no service to send the person to.
func (p *Provider) failed(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.Of(err)
	p.Log.WarnContext(r.Context(), "request failed", "wire", wire, "code", f.Code, "err", err)
	p.Pages.Fail(w, r, statusOf(f.Kind()), err)
}

func statusOf(k fault.Kind) int {
	switch k {
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	case fault.Internal:
		return http.StatusInternalServerError
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Expired:
		return http.StatusGone
	case fault.Denied:
		return http.StatusForbidden
	case fault.Exhausted:
		return http.StatusTooManyRequests
	}
	return http.StatusBadRequest
}
