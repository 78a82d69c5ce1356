package mykey

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/service"
	"chave/internal/core/signing"
	"chave/internal/page/door"
	"chave/internal/page/ui"
)

// Signing is what the pages of the signature need of signing.Service.
type Signing interface {
	Activate(ctx context.Context, a signing.Activation) (signing.Key, error)
	ChangePIN(ctx context.Context, proof login.Verified, old, pin, again credential.PIN) error
	Deactivate(ctx context.Context, who citizen.ID, operator string) error
	NotMe(ctx context.Context, who citizen.ID) error
	Resume(ctx context.Context, proof login.Verified) error
	Keys(ctx context.Context, who citizen.ID) ([]signing.Key, error)
	History(ctx context.Context, who citizen.ID, n int) ([]signing.Entry, error)
}

// signedShown is how many lines of the history of signatures a page shows, and namesShown how many documents of each.
const (
	signedShown = 100
	namesShown  = 5
)

// fresh is how old the sign-in behind an act on the signature may be (A11): one that has just been made is not asked for again.
const fresh = 5 * time.Minute

func (h *Handler) mountSignature(mux *http.ServeMux) {
	if h.Signing == nil {
		return
	}
	mux.HandleFunc("GET /key/signature", h.inside(h.signature))
	mux.HandleFunc("POST /key/signature/notme", h.inside(h.notMe))
	for act, one := range map[string]struct {
		show, do func(http.ResponseWriter, *http.Request, proven) error
	}{
		"on":     {h.switchOn(false, nil), h.activate(false)},
		"new":    {h.switchOn(true, nil), h.activate(true)},
		"pin":    {h.signPIN(nil), h.changeSignPIN},
		"off":    {h.sure("off"), h.switchOff},
		"resume": {h.sure("resume"), h.resume},
	} {
		mux.HandleFunc("GET /key/signature/"+act, h.proven(act, one.show))
		mux.HandleFunc("POST /key/signature/"+act, h.proven(act, one.do))
	}
	mux.HandleFunc("GET /key/signature/enter/{act}/{id}", func(w http.ResponseWriter, r *http.Request) {
		h.strong(r.PathValue("act")).Return(w, r, func(_ context.Context, out login.Outcome) string {
			if out.Refusal != "" {
				return "/key/signature"
			}
			return ""
		}, h.Site.Fail)
	})
}

// strong is the door to one act: a sign-in of level 3 or more that was made just now. Switching off takes no more than the area itself: whoever lost the phone must be able to.
func (h *Handler) strong(act string) *door.Door {
	d := h.Door.To("/key/signature/enter/"+url.PathEscape(act)+"/", "/key/signature/"+url.PathEscape(act))
	d.Fresh = fresh
	if act != "off" {
		d.MinLevel = max(d.MinLevel, service.LevelPhone)
	}
	return d
}

// proven is somebody inside with the proof that core asks for.
type proven struct {
	door.Inside
	proof login.Verified
}

// proven answers whoever signed in just now; others do so first and come back to the form. What they typed is lost then, and must be: it was a PIN.
func (h *Handler) proven(act string, next func(http.ResponseWriter, *http.Request, proven) error) http.HandlerFunc {
	return h.answer(func(w http.ResponseWriter, r *http.Request) error {
		d := h.strong(act)
		who, err := d.Who(r)
		var proof login.Verified
		if err == nil {
			proof, err = d.Prove(r)
		}
		switch {
		case fault.Is(err, fault.SessionNeeded):
			return d.Begin(w, r, login.SignIn)
		case err != nil:
			return err
		}
		return next(w, r, proven{who, proof})
	})
}

func (h *Handler) signature(w http.ResponseWriter, r *http.Request, who door.Inside) error {
	keys, err := h.Signing.Keys(r.Context(), who.Person.ID)
	if err != nil {
		return err
	}
	v := Signature{Own: h.own(who), State: "off", Test: h.Test}
	if done := r.URL.Query().Get("done"); slices.Contains([]string{"on", "pin", "new", "off", "notme", "resumed"}, done) {
		v.Done = done
	}
	if len(keys) > 0 && keys[0].State != signing.KeyEnded {
		v.State = stateOf(keys[0], h.Now())
		if cert, err := keys[0].Certificate(); err == nil {
			v.Certificate = &Certificate{
				Holder: cert.Subject.CommonName, Issuer: cert.Issuer.CommonName, Serial: keys[0].Serial, From: cert.NotBefore, Until: cert.NotAfter,
			}
		}
	}
	if v.Signed, err = h.signed(r, who); err != nil {
		return err
	}
	h.Site.Render(w, r, http.StatusOK, v)
	return nil
}

func stateOf(k signing.Key, now time.Time) string {
	switch {
	case k.State == signing.KeySuspended:
		return "suspended"
	case !now.Before(k.NotAfter):
		return "expired"
	case !k.BlockedAt.IsZero():
		return "blocked"
	}
	return "active"
}

func (h *Handler) signed(r *http.Request, who door.Inside) ([]Signed, error) {
	entries, err := h.Signing.History(r.Context(), who.Person.ID, signedShown)
	if err != nil {
		return nil, err
	}
	known, err := h.names(r)
	if err != nil {
		return nil, err
	}
	var all []Signed
	for _, e := range entries {
		shown := e.Names[:min(namesShown, len(e.Names))]
		one := Signed{Here: e.Wire == "page", At: e.At, Names: shown, More: e.Count - len(shown)}
		if one.Here {
			one.Category = "paper"
		} else {
			one.Service, one.Category = h.name(r, known, e.Application)
		}
		all = append(all, one)
	}
	return all, nil
}

// notMe suspends at once: no further question stands between a frightened person and this.
func (h *Handler) notMe(w http.ResponseWriter, r *http.Request, who door.Inside) error {
	if err := h.Signing.NotMe(r.Context(), who.Person.ID); err != nil && !fault.Is(err, fault.SigningSuspended) {
		return err
	}
	return signatureDone(w, r, "notme")
}

func signatureDone(w http.ResponseWriter, r *http.Request, what string) error {
	http.Redirect(w, r, "/key/signature?done="+what, http.StatusSeeOther)
	return nil
}

func (h *Handler) switchOn(again bool, cause error) func(http.ResponseWriter, *http.Request, proven) error {
	return func(w http.ResponseWriter, r *http.Request, who proven) error {
		v := SwitchOn{
			Own: h.own(who.Inside), Action: r.URL.Path, Again: again, Min: h.Login.Policy.PINMin, Max: h.Login.Policy.PINMax, Terms: h.Terms, Test: h.Test,
		}
		v.Problems = ui.Problems(cause)
		h.Site.Render(w, r, statusOf(cause), v)
		return nil
	}
}

func statusOf(cause error) int {
	if cause == nil {
		return http.StatusOK
	}
	return ui.Status(fault.Of(cause).Kind())
}

// activate switches signing on, or gives a new key in place of one whose PIN is lost.
func (h *Handler) activate(again bool) func(http.ResponseWriter, *http.Request, proven) error {
	return func(w http.ResponseWriter, r *http.Request, who proven) error {
		form, err := ui.Fields(w, r)
		if err != nil {
			return err
		}
		pin, repeated, err := h.newPIN(form)
		if err == nil && form.Get("sign_terms") != h.Terms {
			err = fault.New(fault.TermsNotAccepted).On("sign_terms")
		}
		if err == nil {
			_, err = h.Signing.Activate(r.Context(), signing.Activation{Proof: who.proof, PIN: pin, Again: repeated, Terms: h.Terms, NewPINForgot: again})
		}
		switch {
		case err == nil && again:
			return signatureDone(w, r, "new")
		case err == nil:
			return signatureDone(w, r, "on")
		case fault.Is(err, fault.AlreadySigning): // a double press, or another tab
			return signatureDone(w, r, "on")
		case fault.Of(err).Kind() == fault.Internal:
			return err
		}
		return h.switchOn(again, ownField(err))(w, r, who)
	}
}

// newPIN reads a chosen PIN; one that cannot be a PIN at all is told as a matter of length, because the field takes digits only.
func (h *Handler) newPIN(form url.Values) (pin, again credential.PIN, err error) {
	if pin, err = credential.ParsePIN(form.Get("new_sign_pin")); err != nil {
		return pin, again, fault.New(fault.PINLength).On("new_sign_pin").With("Min", h.Login.Policy.PINMin).With("Max", h.Login.Policy.PINMax)
	}
	again, _ = credential.ParsePIN(form.Get("new_sign_pin_again")) // one that cannot be a PIN differs from the first
	return pin, again, nil
}

// ownField moves what core said of one of its fields to the field of these pages.
func ownField(err error) error {
	f := fault.Of(err)
	name, known := map[string]string{"pin": "sign_pin", "new_pin": "new_sign_pin", "new_pin_again": "new_sign_pin_again", "terms": "sign_terms"}[f.Field]
	if !known {
		return err
	}
	moved := fault.New(f.Code).On(name).Because(err)
	moved.Args = f.Args
	return moved
}

func (h *Handler) signPIN(cause error) func(http.ResponseWriter, *http.Request, proven) error {
	return func(w http.ResponseWriter, r *http.Request, who proven) error {
		v := SignPIN{Own: h.own(who.Inside), Action: r.URL.Path, Min: h.Login.Policy.PINMin, Max: h.Login.Policy.PINMax}
		v.Problems = ui.Problems(cause)
		h.Site.Render(w, r, statusOf(cause), v)
		return nil
	}
}

func (h *Handler) changeSignPIN(w http.ResponseWriter, r *http.Request, who proven) error {
	form, err := ui.Fields(w, r)
	if err != nil {
		return err
	}
	old, err := credential.ParsePIN(form.Get("sign_pin"))
	var pin, again credential.PIN
	if err == nil {
		pin, again, err = h.newPIN(form)
	}
	if err == nil {
		err = h.Signing.ChangePIN(r.Context(), who.proof, old, pin, again)
	}
	switch {
	case err == nil:
		return signatureDone(w, r, "pin")
	case fault.Of(err).Kind() == fault.Internal:
		return err
	}
	return h.signPIN(ownField(err))(w, r, who)
}

func (h *Handler) sure(what string) func(http.ResponseWriter, *http.Request, proven) error {
	return func(w http.ResponseWriter, r *http.Request, who proven) error {
		h.Site.Render(w, r, http.StatusOK, Sure{Own: h.own(who.Inside), Action: r.URL.Path, What: what})
		return nil
	}
}

// switchOff ends signing for good. Doing it twice changes nothing.
func (h *Handler) switchOff(w http.ResponseWriter, r *http.Request, who proven) error {
	if err := h.Signing.Deactivate(r.Context(), who.Person.ID, ""); err != nil && !fault.Is(err, fault.SigningInactive) {
		return err
	}
	return signatureDone(w, r, "off")
}

func (h *Handler) resume(w http.ResponseWriter, r *http.Request, who proven) error {
	if err := h.Signing.Resume(r.Context(), who.proof); err != nil {
		return err
	}
	return signatureDone(w, r, "resumed")
}
