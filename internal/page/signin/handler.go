package signin

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"chave/internal/cookie"
	"chave/internal/core/consent"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/service"
	"chave/internal/page/ui"
	"chave/internal/text"
)

// Handler serves the steps of a sign-in at /signin/{id}. It shows the step that core/login says is next, and only that.
type Handler struct {
	Site    *ui.Site
	Login   *login.Service
	Service func(ctx context.Context, id string) (service.Service, error)
	Jar     cookie.Jar
	Address func(*http.Request) string // the network address that code sending is counted under
	Now     func() time.Time
}

// Mount lists the routes.
func (h *Handler) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /signin/{id}", h.answer(h.show))
	mux.HandleFunc("POST /signin/{id}", h.answer(h.take))
}

// answer shows any error as the page of its ending, so that no handler can forget to.
func (h *Handler) answer(handle func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := handle(w, r); err != nil {
			h.fail(w, r, err)
		}
	}
}

func (h *Handler) show(w http.ResponseWriter, r *http.Request) error {
	t, err := h.Login.Load(r.Context(), r.PathValue("id"), h.Jar.Browser(r))
	if err != nil {
		return err
	}
	step := t.Next(h.Now())
	if step == login.StepResume {
		http.Redirect(w, r, t.Resume, http.StatusSeeOther)
		return nil
	}
	return h.page(w, h.inLang(r, t), t, step, http.StatusOK, nil, nil)
}

// take advances the transaction by what was posted. Post, redirect, get: a refresh never sends a secret twice.
func (h *Handler) take(w http.ResponseWriter, r *http.Request) error {
	form, err := ui.Fields(w, r, "share")
	if err != nil {
		return err
	}
	t, err := h.advance(w, r, form)
	switch {
	case fault.Is(err, fault.StepPassed): // back button, second tab, double submit: show where things stand
		http.Redirect(w, r, "/signin/"+url.PathEscape(r.PathValue("id")), http.StatusSeeOther)
		return nil
	case fault.Is(err, fault.LoginExpired), fault.Is(err, fault.LoginAlreadyFinished):
		return h.over(w, r, err)
	case err != nil && fault.Of(err).Field != "":
		return h.again(w, r, form, err)
	case err != nil:
		return err
	}
	if t.Next(h.Now()) == login.StepResume {
		http.Redirect(w, r, t.Resume, http.StatusSeeOther)
		return nil
	}
	http.Redirect(w, r, "/signin/"+url.PathEscape(t.ID), http.StatusSeeOther)
	return nil
}

// advance picks the act that was posted. "No" is understood at every step, as the way out's own form and as the share page's button.
func (h *Handler) advance(w http.ResponseWriter, r *http.Request, form url.Values) (login.Transaction, error) {
	ctx, id, browser := r.Context(), r.PathValue("id"), h.Jar.Browser(r)
	switch {
	case form.Has("cancel") || form.Get("decision") == "deny":
		return h.Login.Refuse(ctx, id, browser)
	case form.Has("back"):
		return h.Login.Back(ctx, id, browser)
	case form.Has("again"):
		return h.Login.SendAgain(ctx, id, browser, h.Address(r), false)
	case form.Has("way"):
		return h.Login.SendAgain(ctx, id, browser, h.Address(r), form.Get("way") == "email")
	}
	switch posted(form) {
	case login.StepWho:
		return h.Login.Identify(ctx, id, browser, form.Get("identifier"), form.Get("country"))
	case login.StepPIN:
		pin, err := credential.ParsePIN(form.Get("pin"))
		if err != nil {
			return login.Transaction{}, err
		}
		return h.Login.EnterPIN(ctx, id, browser, h.Address(r), pin)
	case login.StepCode:
		code, err := credential.ParseCode(form.Get("code"))
		if err != nil {
			return login.Transaction{}, err
		}
		return h.opened(w, func() (login.Opened, error) {
			return h.Login.EnterCode(ctx, id, browser, h.sessions(r), code)
		})
	case login.StepChoosePIN:
		return h.choose(w, r, form)
	case login.StepShare:
		if form.Get("decision") != "allow" {
			return login.Transaction{}, fault.New(fault.RequestMalformed)
		}
		return h.Login.Decide(ctx, id, browser, shared(form))
	case login.StepConfirm:
		if form.Get("decision") != "allow" {
			return login.Transaction{}, fault.New(fault.RequestMalformed)
		}
		return h.Login.ConfirmCancel(ctx, id, browser)
	}
	return login.Transaction{}, fault.New(fault.RequestMalformed)
}

func (h *Handler) choose(w http.ResponseWriter, r *http.Request, form url.Values) (login.Transaction, error) {
	pin, err := credential.ParsePIN(form.Get("new_pin"))
	if err != nil { // told as a matter of length: the field takes digits only
		return login.Transaction{}, fault.New(fault.PINLength).On("new_pin").With("Min", h.Login.Policy.PINMin).With("Max", h.Login.Policy.PINMax)
	}
	again, _ := credential.ParsePIN(form.Get("new_pin_again")) // one that cannot be a PIN differs from the first
	return h.opened(w, func() (login.Opened, error) {
		return h.Login.ChoosePIN(r.Context(), r.PathValue("id"), h.Jar.Browser(r), h.sessions(r), pin, again)
	})
}

// opened sets the new session's cookie, if the act opened one.
func (h *Handler) opened(w http.ResponseWriter, act func() (login.Opened, error)) (login.Transaction, error) {
	o, err := act()
	if err == nil && o.Cookie != "" {
		h.Jar.In(string(o.Transaction.Realm)).SetSession(w, o.Cookie)
	}
	return o.Transaction, err
}

func (h *Handler) sessions(r *http.Request) login.Sessions {
	return login.Sessions{Modern: h.Jar.Session(r), Compat: h.Jar.In(string(login.Compat)).Session(r)}
}

// posted tells which step a form answers: by its hidden field, or by its fields for a client that leaves that out.
func posted(form url.Values) login.Step {
	if step := form.Get("step"); step != "" {
		return login.Step(step)
	}
	for _, guess := range []struct {
		field string
		step  login.Step
	}{
		{"identifier", login.StepWho}, {"new_pin", login.StepChoosePIN}, {"pin", login.StepPIN},
		{"code", login.StepCode}, {"decision", login.StepShare},
	} {
		if form.Has(guess.field) {
			return guess.step
		}
	}
	return ""
}

func shared(form url.Values) []consent.Name {
	var names []consent.Name
	for _, v := range form["share"] {
		names = append(names, consent.Name(v))
	}
	return names
}

// again shows the same step with what was wrong; what was typed is kept, secrets excepted.
func (h *Handler) again(w http.ResponseWriter, r *http.Request, form url.Values, cause error) error {
	t, err := h.Login.Load(r.Context(), r.PathValue("id"), h.Jar.Browser(r))
	if err != nil {
		return err
	}
	return h.page(w, h.inLang(r, t), t, t.Next(h.Now()), ui.Status(fault.Of(cause).Kind()), form, cause)
}

// over shows that a sign-in has ended, with the way to its service: only there can another begin.
func (h *Handler) over(w http.ResponseWriter, r *http.Request, cause error) error {
	t, err := h.Login.Load(r.Context(), r.PathValue("id"), h.Jar.Browser(r))
	if err != nil {
		return cause
	}
	return h.page(w, h.inLang(r, t), t, t.Next(h.Now()), ui.Status(fault.Of(cause).Kind()), nil, nil)
}

func (h *Handler) inLang(r *http.Request, t login.Transaction) *http.Request {
	return ui.WithLang(r, text.Lang(t.Lang))
}
