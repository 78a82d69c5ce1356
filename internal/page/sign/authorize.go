package sign

import (
	"context"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"

	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/signing"
	"chave/internal/page/door"
	"chave/internal/page/ui"
	"chave/internal/text"
)

// handed is a hand-over with who is here to answer it.
type handed struct {
	signing.Handover
	who    door.Inside
	signer signing.Signer
}

func authorizePath(id string) string { return "/sign/authorize/" + url.PathEscape(id) }

// gate is the door that leads back to one hand-over.
func (h *Handler) gate(id string) *door.Door {
	return h.Door.To(authorizePath(id)+"/enter/", authorizePath(id))
}

// entered resumes after the sign-in. Whoever said no there said no to the service.
func (h *Handler) entered(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("handover")
	h.gate(id).Return(w, r, func(ctx context.Context, out login.Outcome) string {
		if out.Refusal == "" {
			return ""
		}
		back, err := h.Handover.Refused(ctx, id)
		if err != nil {
			h.failed(r, err)
			return "/"
		}
		return back
	}, h.Site.Fail)
}

// open loads a hand-over for who is signed in. view is the page that must be shown instead, if any; begun says that a sign-in was begun and everything is answered.
func (h *Handler) open(w http.ResponseWriter, r *http.Request) (one handed, view ui.View, begun bool, err error) {
	id := r.PathValue("handover")
	if one.Handover, err = h.Handover.Load(r.Context(), id); err != nil {
		return one, nil, false, err
	}
	one.who, err = h.gate(id).Who(r)
	if fault.Is(err, fault.SessionNeeded) {
		return one, nil, true, h.gate(id).Begin(w, h.inLang(r, one), login.SignIn)
	}
	if err != nil {
		return one, nil, false, err
	}
	t := h.handedTask(r, one, "pin", 1)
	if one.Person != "" && one.Person != one.who.Person.ID {
		return one, Stranger{Task: t}, false, nil
	}
	var why string
	if one.signer, why, err = h.closed(r.Context(), one.who.Person.ID); err != nil {
		return one, nil, false, err
	}
	if why != "" {
		return one, Inactive{Task: t, Why: why}, false, nil
	}
	if one.KeyID != "" && one.KeyID != one.signer.Key.ID {
		return one, nil, false, fault.New(fault.KeyMismatch)
	}
	return one, nil, false, nil
}

func (h *Handler) handedTask(r *http.Request, one handed, step string, at int) Task {
	lang := string(h.Site.Lang(r))
	t := Task{
		Form: ui.Form{Action: authorizePath(one.ID), Step: step}, At: at, Of: 2, Test: h.Test,
		Service: ui.Service{Name: one.Service.Name.In(lang), Category: one.Service.Category, Home: one.Service.URL},
		Leads:   one.Service.RedirectURIs,
	}
	if one.who.Person.ID != "" {
		t.Account = ui.Account{Name: one.who.Person.FullName(), SignOut: "/signout"}
	}
	return t
}

func handedDocuments(one handed) []Document {
	var list []Document
	for _, d := range one.Documents {
		mark := hex.EncodeToString(d.Digest)
		list = append(list, Document{Name: shownName(d.Name), Mark: mark[max(0, len(mark)-8):]})
	}
	return list
}

// shownName is a name that a service sent, without what could dress it up as another.
func shownName(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r == 0xfeff {
			return ' '
		}
		return r
	}, name)
}

// authorize shows who asks for what, and asks for the PIN.
func (h *Handler) authorize(w http.ResponseWriter, r *http.Request) error {
	one, view, begun, err := h.open(w, r)
	if begun || err != nil {
		return err
	}
	r = h.inLang(r, one)
	if view == nil {
		view = h.handedPIN(r, one, nil)
	}
	h.Site.Render(w, r, http.StatusOK, view)
	return nil
}

func (h *Handler) inLang(r *http.Request, one handed) *http.Request {
	if one.Lang == "" {
		return r
	}
	return ui.WithLang(r, text.Lang(one.Lang))
}

func (h *Handler) handedPIN(r *http.Request, one handed, cause error) PIN {
	t := h.handedTask(r, one, "pin", 1)
	t.Problems = ui.Problems(cause)
	return PIN{Task: t, Documents: handedDocuments(one), Holder: one.signer.Cert.Subject.CommonName}
}

// refuse takes a "no" to the service.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, id string) error {
	back, err := h.Handover.Refused(r.Context(), id)
	if err != nil {
		return err
	}
	return see(w, r, back)
}

// takeAuthorize begins the operation; the code is asked for on a page of its own.
func (h *Handler) takeAuthorize(w http.ResponseWriter, r *http.Request) error {
	form, err := ui.Fields(w, r)
	if err != nil {
		return err
	}
	one, view, begun, err := h.open(w, r)
	if begun || err != nil {
		return err
	}
	r = h.inLang(r, one)
	switch {
	case form.Has("cancel"):
		return h.refuse(w, r, one.ID)
	case view != nil:
		return see(w, r, authorizePath(one.ID))
	}
	pin, err := credential.ParsePIN(form.Get("sign_pin"))
	if err == nil {
		var op signing.Operation
		op, err = h.Signing.Prepare(r.Context(), signing.Request{
			Wire: "csc", Application: one.Service, Person: one.who.Person.ID, KeyID: one.signer.Key.ID, Purpose: signing.Sign, Hash: one.Hash, Documents: one.Documents,
			PIN: pin, Session: one.Session, Address: h.address(r), Lang: string(h.Site.Lang(r)),
		})
		if err == nil {
			return see(w, r, authorizePath(one.ID)+"/code/"+url.PathEscape(op.ID))
		}
	}
	if fault.Of(err).Kind() == fault.Internal {
		return err
	}
	cause := onField(err)
	h.Site.Render(w, r, ui.Status(fault.Of(cause).Kind()), h.handedPIN(r, one, cause))
	return nil
}

func (h *Handler) handedRef(r *http.Request, one handed) signing.Ref {
	return signing.Ref{ID: r.PathValue("operation"), Application: one.Service.ID, Person: one.who.Person.ID, Session: one.Session}
}

// handedCode is the page of the code, or of why there is none to enter.
func (h *Handler) handedCode(r *http.Request, one handed, cause error) (ui.View, error) {
	t := h.handedTask(r, one, "code", 2)
	t.Action = authorizePath(one.ID) + "/code/" + url.PathEscape(r.PathValue("operation"))
	t.Problems = ui.Problems(cause)
	op, err := h.Signing.Read(r.Context(), h.handedRef(r, one))
	switch {
	case fault.Is(err, fault.OperationUnknown):
		return nil, err
	case err != nil:
		return nil, err
	case op.State == signing.Waiting:
		return codeView(t, op, handedDocuments(one), r), nil
	}
	code := op.Fault
	if code == "" {
		code = fault.OperationOver
	}
	return Over{Task: t, Reason: ui.Problem{Code: string(code)}}, nil
}

// authorizeCode asks for the code.
func (h *Handler) authorizeCode(w http.ResponseWriter, r *http.Request) error {
	one, view, begun, err := h.open(w, r)
	if begun || err != nil {
		return err
	}
	r = h.inLang(r, one)
	if view == nil {
		if view, err = h.handedCode(r, one, nil); err != nil {
			return err
		}
	}
	h.Site.Render(w, r, http.StatusOK, view)
	return nil
}

// takeAuthorizeCode turns the code into the service's permit and sends the browser back.
func (h *Handler) takeAuthorizeCode(w http.ResponseWriter, r *http.Request) error {
	form, err := ui.Fields(w, r)
	if err != nil {
		return err
	}
	one, view, begun, err := h.open(w, r)
	if begun || err != nil {
		return err
	}
	r = h.inLang(r, one)
	switch {
	case form.Has("cancel"):
		h.failed(r, h.Signing.Cancel(r.Context(), h.handedRef(r, one)))
		return h.refuse(w, r, one.ID)
	case view != nil:
		return see(w, r, authorizePath(one.ID))
	}
	here := authorizePath(one.ID) + "/code/" + url.PathEscape(r.PathValue("operation"))
	if form.Has("again") {
		if _, err = h.Signing.Resend(r.Context(), h.handedRef(r, one)); err == nil {
			return see(w, r, here+"?sent")
		}
	} else {
		var back string
		if back, err = h.confirm(r, one, form.Get("code")); err == nil {
			return see(w, r, back)
		}
	}
	if ended(err) {
		return see(w, r, here)
	}
	if fault.Of(err).Kind() == fault.Internal {
		return err
	}
	cause := onField(err)
	if view, err = h.handedCode(r, one, cause); err != nil {
		return err
	}
	h.Site.Render(w, r, ui.Status(fault.Of(cause).Kind()), view)
	return nil
}

func (h *Handler) confirm(r *http.Request, one handed, typed string) (back string, err error) {
	code, err := credential.ParseCode(typed)
	if err != nil {
		return "", err
	}
	permit, err := h.Signing.Confirm(r.Context(), h.handedRef(r, one), code)
	if err != nil {
		return "", err
	}
	return h.Handover.Confirmed(r.Context(), one.ID, permit)
}
