package faoauth

import (
	"net/http"
	"strconv"

	"chave/internal/core/consent"
	"chave/internal/core/fault"
)

// jwtAnswer is the answer of the three operations of ResourceJWT.svc (§2.7.3). processId is the text "null" where there is none.
type jwtAnswer struct {
	Token   *string `json:"jsonWebToken"`
	Process string  `json:"processId"`
	Result  result  `json:"result"`
}

// resourceJWT reads in one step.
func (p *Provider) resourceJWT(w http.ResponseWriter, r *http.Request) error {
	return p.signed(w, r, "resource", func(body apiBody, h held) (jwtAnswer, error) {
		list, err := p.oneStep(r, h, body.Names)
		if err != nil {
			return jwtAnswer{}, err
		}
		return p.claimed(r, h, list, "null")
	})
}

// beginJWT begins a reading; its context is processId.
func (p *Provider) beginJWT(w http.ResponseWriter, r *http.Request) error {
	return p.signed(w, r, "start", func(body apiBody, h held) (jwtAnswer, error) {
		id, err := p.open(r.Context(), h, body.Names)
		return jwtAnswer{Token: &body.Token, Process: id, Result: done("the reading has begun")}, err
	})
}

// fetchJWT tells what is known by now: the service repeats it until every name is among the claims.
func (p *Provider) fetchJWT(w http.ResponseWriter, r *http.Request) error {
	return p.signed(w, r, "collect", func(body apiBody, h held) (jwtAnswer, error) {
		list, _, err := p.gathered(r.Context(), h, body.Context)
		if err != nil {
			return jwtAnswer{}, err
		}
		return p.claimed(r, h, list, body.Context)
	})
}

// signed reads a request whose token is the JWT of a decision, and writes its answer or its refusal.
func (p *Provider) signed(w http.ResponseWriter, r *http.Request, what string, act func(apiBody, held) (jwtAnswer, error)) error {
	var (
		h    held
		made jwtAnswer
	)
	body, err := readAPI(w, r)
	if err == nil {
		var token string
		if token, err = p.ourToken(r.Context(), body.Token); err == nil {
			h, err = p.shown(w, r, token, what+" "+body.Context)
		}
	}
	if err == nil {
		made, err = act(body, h)
	}
	if err != nil {
		f := fault.Of(err)
		status := jwtStatus(f)
		if status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "1")
		}
		p.Log.InfoContext(r.Context(), "request refused", "wire", wireQR, "code", f.Code, "status", status, "err", internalOnly(err))
		return answer(w, status, jwtAnswer{Process: "null", Result: resultOf(status, f)})
	}
	return answer(w, http.StatusOK, made)
}

// claimed signs what is known: the claims are the attributes' own names. One that cannot be had is null; one that is still to come is left out, so that a service sees
// when it has them all.
func (p *Provider) claimed(r *http.Request, h held, list []told, process string) (jwtAnswer, error) {
	claims, says := map[string]any{}, "complete"
	for _, one := range list {
		switch one.State {
		case consent.Pending:
			says = "some attributes are still to come"
		case consent.Available:
			claims[one.Name] = *one.Value
		default:
			claims[one.Name] = nil
		}
	}
	claims["exp"] = h.expires.Unix()
	token, err := p.sign(r.Context(), claims)
	return jwtAnswer{Token: &token, Process: process, Result: done(says)}, err
}

func done(says string) result { return result{Code: "200", Description: says, Message: says} }

func resultOf(status int, f *fault.Error) result {
	return result{Code: strconv.Itoa(status), Description: string(f.Code), Message: string(f.Code)}
}
