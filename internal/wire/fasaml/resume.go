package fasaml

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/service"
)

// resume answers the service when the pages are done, by whatever way they ended. The transaction is spent in a commit of its own; only then is anything signed, outside
// of it.
func (p *Provider) resume(w http.ResponseWriter, r *http.Request) error {
	var (
		q request
		s service.Service
	)
	id := r.PathValue("id")
	out, err := p.Login.Finish(r.Context(), id, p.Jar.Browser(r), wire, func(tx login.Tx, out login.Outcome) (err error) {
		q = request{}
		if err := json.Unmarshal(out.Payload, &q); err != nil {
			return fault.New(fault.InternalError).Because(err)
		}
		s, err = tx.Service(out.Service)
		return err
	})
	if err != nil {
		return p.unfinished(w, r, id, err)
	}
	if err := stillOpen(s, q); err != nil {
		return err
	}
	if out.Refusal != "" {
		return p.refuse(w, r, s, q, fault.New(out.Refusal))
	}
	v := out.Verified
	answered := v.Answered()
	switch {
	case !v.Proven() || v.Service() != s.ID || v.Level() < q.Level:
		return p.refuse(w, r, s, q, fault.New(fault.LevelTooLow))
	case len(answered.Shared) == 0 && len(answered.Refused) > 0: // refusing everything is a no (§1.5.2)
		return p.refuse(w, r, s, q, fault.New(fault.RefusedByPerson))
	}
	return p.succeed(w, r, s, q, v)
}

// unfinished answers for a sign-in that could not end. Where it is known whose it was, the service hears of it (§1.6.5); where not, or where the answer has been given
// before, the page stays here.
func (p *Provider) unfinished(w http.ResponseWriter, r *http.Request, id string, cause error) error {
	switch fault.Of(cause).Code {
	case fault.StepPassed: // here too early: back to where things stand
		http.Redirect(w, r, "/signin/"+url.PathEscape(id), http.StatusSeeOther)
		return nil
	case fault.LoginUnknown, fault.LoginOtherBrowser, fault.LoginAlreadyFinished, fault.ServiceUnknown:
		return cause
	}
	t, err := p.Login.Load(r.Context(), id, p.Jar.Browser(r))
	if err != nil || t.Wire != wire {
		return cause
	}
	var q request
	if err := json.Unmarshal(t.Payload, &q); err != nil {
		return cause
	}
	s, err := p.service(r.Context(), t.Service)
	if err != nil || stillOpen(s, q) != nil {
		return cause
	}
	return p.refuse(w, r, s, q, cause)
}

func (p *Provider) service(ctx context.Context, id string) (s service.Service, err error) {
	err = p.View(ctx, func(tx Tx) (err error) {
		s, err = tx.Service(id)
		return err
	})
	return s, err
}
