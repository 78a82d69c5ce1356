package sign

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/draft"
	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/signing"
	"chave/internal/page/door"
	"chave/internal/page/ui"
)

// BodyLimit is the largest body that POST /sign takes, in bytes: all that one person may keep here at a time, and the form around it.
const BodyLimit = 201 << 20

// wire is how operations of this page are told from those of services.
const wire = "page"

// Signing is what the pages need of signing.Service.
type Signing interface {
	SignerOf(ctx context.Context, who citizen.ID) (signing.Signer, error)
	Keys(ctx context.Context, who citizen.ID) ([]signing.Key, error)
	Prepare(ctx context.Context, r signing.Request) (signing.Operation, error)
	Read(ctx context.Context, ref signing.Ref) (signing.Operation, error)
	Resend(ctx context.Context, ref signing.Ref) (signing.Operation, error)
	Cancel(ctx context.Context, ref signing.Ref) error
	ConfirmAndSign(ctx context.Context, ref signing.Ref, code credential.Code) (signing.Result, error)
	Confirm(ctx context.Context, ref signing.Ref, code credential.Code) (signing.Permit, error)
}

// Handover is the wire that handed somebody over. Back is where the browser goes: an address of the service, with the wire's answer.
type Handover interface {
	Load(ctx context.Context, id string) (signing.Handover, error)
	Confirmed(ctx context.Context, id string, permit signing.Permit) (back string, err error)
	Refused(ctx context.Context, id string) (back string, err error)
}

// Handler serves /sign. All fields but Handover and Address are required.
type Handler struct {
	Site     *ui.Site
	Door     *door.Door // Path /sign/enter/, Home /sign; its Service is who asks for the signature in messages and history
	Signing  Signing
	Drafts   *draft.Service
	Papers   Papers
	Memory   *draft.Memory // shared by all that hold documents whole
	Handover Handover      // nil: no service may hand people over
	Now      func() time.Time
	Zone     *time.Location                   // in which the time stands in documents
	Level    string                           // to which signed documents are brought: B-B, B-T, B-LT, B-LTA
	Address  func(r *http.Request) string     // network address, for limits
	Test     bool                             // certificates here are not qualified (T8)
	Failed   func(r *http.Request, err error) // told of what went wrong behind a page that shows something else; may be nil
}

// Mount lists the routes.
func (h *Handler) Mount(mux *http.ServeMux) {
	h.Door.Mount(mux, nil, h.Site.Fail)
	mux.HandleFunc("GET /sign", h.inside(h.start))
	mux.HandleFunc("POST /sign", h.inside(h.upload))
	mux.HandleFunc("GET /sign/{folder}", h.inside(h.show))
	mux.HandleFunc("POST /sign/{folder}", h.inside(h.take))
	mux.HandleFunc("GET /sign/{folder}/files/{draft}", h.inside(h.file))
	if h.Handover != nil {
		mux.HandleFunc("GET /sign/authorize/{handover}", h.answer(h.authorize))
		mux.HandleFunc("POST /sign/authorize/{handover}", h.answer(h.takeAuthorize))
		mux.HandleFunc("GET /sign/authorize/{handover}/code/{operation}", h.answer(h.authorizeCode))
		mux.HandleFunc("POST /sign/authorize/{handover}/code/{operation}", h.answer(h.takeAuthorizeCode))
		mux.HandleFunc("GET /sign/authorize/{handover}/enter/{id}", h.entered)
	}
}

// answer shows any error as a page, so that no handler can forget to.
func (h *Handler) answer(handle func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := handle(w, r); err != nil {
			h.Site.Fail(w, r, err)
		}
	}
}

// inside answers whoever is signed in; others sign in first and come to the first page.
func (h *Handler) inside(next func(http.ResponseWriter, *http.Request, door.Inside) error) http.HandlerFunc {
	return h.answer(func(w http.ResponseWriter, r *http.Request) error {
		who, err := h.Door.Who(r)
		switch {
		case fault.Is(err, fault.SessionNeeded):
			return h.Door.Begin(w, r, login.SignIn)
		case err != nil:
			return err
		}
		return next(w, r, who)
	})
}

// task is what every page of a person's own signing carries. Steps count: choose, place, PIN, code.
func (h *Handler) task(who door.Inside, path, step string, at int) Task {
	return Task{
		Form: ui.Form{Action: path, Step: step}, Account: ui.Account{Name: who.Person.FullName(), SignOut: "/signout"}, Service: ui.Service{}, At: at, Of: steps, Test: h.Test,
	}
}

const steps = 4

// closed tells why a person cannot sign now, in the words of the texts; empty when they can. Blocked is told by the keys: SignerOf still gives their certificate.
func (h *Handler) closed(ctx context.Context, who citizen.ID) (signer signing.Signer, why string, err error) {
	signer, err = h.Signing.SignerOf(ctx, who)
	switch {
	case fault.Is(err, fault.SigningInactive):
		return signer, "inactive", nil
	case fault.Is(err, fault.SigningSuspended):
		return signer, "suspended", nil
	case err == nil && !signer.Key.BlockedAt.IsZero():
		return signer, "blocked", nil
	}
	return signer, "", err
}

func (h *Handler) address(r *http.Request) string {
	if h.Address == nil {
		return ""
	}
	return h.Address(r)
}

func (h *Handler) failed(r *http.Request, err error) {
	if h.Failed != nil && err != nil {
		h.Failed(r, err)
	}
}

// The server's own limits are for forms. A document takes as long as a slow line needs, and putting a batch together asks for a certified time and a status for each.
const (
	slowUpload = 15 * time.Minute
	slowAnswer = 10 * time.Minute
)

// patient lets one request take longer than the server's limits. Real time, whatever the demo's clock says; a server that cannot keeps its own.
func patient(w http.ResponseWriter, read, write time.Duration) {
	control := http.NewResponseController(w)
	if read > 0 {
		_ = control.SetReadDeadline(time.Now().Add(read))
	}
	_ = control.SetWriteDeadline(time.Now().Add(read + write))
}

func see(w http.ResponseWriter, r *http.Request, path string) error {
	http.Redirect(w, r, path, http.StatusSeeOther) //nolint:gosec // a path made here of an id that was found, or what the wire itself gave
	return nil
}

func folderPath(id string) string { return "/sign/" + url.PathEscape(id) }

// onField moves what core said of one of its fields to the field of this page.
func onField(err error) error {
	f := fault.Of(err)
	own, known := map[string]string{"pin": "sign_pin", "sign_pin": "sign_pin", "code": "code", "documents": "documents", "page": "page", "corner": "corner"}[f.Field]
	if !known {
		return err
	}
	moved := fault.New(f.Code).On(own).Because(err)
	moved.Args = f.Args
	return moved
}
