package qr

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"chave/internal/cookie"
	"chave/internal/core/consent"
	"chave/internal/core/fault"
	"chave/internal/core/service"
	"chave/internal/page/ui"
)

// Requests is what these pages need of the wire that took them from services.
type Requests interface {
	// Look finds a request that waits: fault.QRUnknown when there is none, fault.QROver when it was decided or its time is over.
	Look(ctx context.Context, number string) (Waiting, error)
	// Begin begins the sign-in in which the person decides, and returns the local path of its first page.
	Begin(ctx context.Context, number, lang, browser string) (path string, err error)
	// Finish takes the decision when the sign-in is done.
	Finish(ctx context.Context, id, browser string) (Ended, error)
	// Read finds the number in a photograph of a code.
	Read(photo io.Reader) (number string, err error)
}

// Waiting is one request. It is an alias, so that a wire can return it without importing this package.
type Waiting = struct {
	Service service.Service
	Says    string
	Ask     []consent.Ask
	Until   time.Time
}

// Ended is how the phone's part of a request ended; an alias likewise.
type Ended = struct {
	Service  service.Service
	Accepted bool
}

// Handler serves /qr. All fields are required.
type Handler struct {
	Site     *ui.Site
	Requests Requests
	Jar      cookie.Jar
	Rand     io.Reader
	Log      *slog.Logger
}

// maxPhoto is the largest photograph that is taken, in bytes, with what a form adds to it.
const maxPhoto = 10<<20 + 4<<10

// PathPhoto takes a phone's photograph of a code.
const PathPhoto = "/qr/photo"

// Mount lists the routes. Whoever bounds bodies in general must let POST /qr/photo have 11 MiB: a phone's photograph is larger than any form.
func (h *Handler) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /qr", h.answer(h.give))
	mux.HandleFunc("POST /qr", h.answer(h.typed))
	mux.HandleFunc("POST "+PathPhoto, h.answer(h.photo))
	mux.HandleFunc("GET /qr/{number}", h.answer(h.asked))
	mux.HandleFunc("POST /qr/{number}", h.answer(h.begin))
	mux.HandleFunc("GET /qr/resume/{id}", h.answer(h.finish))
}

// answer shows any error as a page, with the way to another code where that is what helps.
func (h *Handler) answer(handle func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := handle(w, r)
		if err == nil {
			return
		}
		f := fault.Of(err)
		if f.Code == fault.QRUnknown || f.Code == fault.QROver {
			h.Log.InfoContext(r.Context(), "request refused", "page", "qr", "code", f.Code)
			h.Site.Render(w, r, ui.Status(f.Kind()), ui.ErrorPage{Problem: ui.Problem{Code: string(f.Code)}, Again: "/qr"})
			return
		}
		h.Site.Fail(w, r, err)
	}
}

func (h *Handler) give(w http.ResponseWriter, r *http.Request) error {
	h.Site.Render(w, r, http.StatusOK, Give{Form: ui.Form{Action: "/qr"}})
	return nil
}

// again shows the first page with what was wrong.
func (h *Handler) again(w http.ResponseWriter, r *http.Request, typed string, err error) {
	h.Site.Render(w, r, ui.Status(fault.Of(err).Kind()), Give{Form: ui.Form{Action: "/qr", Problems: ui.Problems(err)}, Number: typed})
}

func (h *Handler) typed(w http.ResponseWriter, r *http.Request) error {
	form, err := ui.Fields(w, r)
	if err != nil {
		return err
	}
	number, ok := readNumber(form.Get("number"))
	if !ok {
		h.again(w, r, form.Get("number"), fault.New(fault.QRUnknown).On("number"))
		return nil
	}
	if _, err := h.Requests.Look(r.Context(), number); fault.Is(err, fault.QRUnknown) || fault.Is(err, fault.QROver) {
		h.again(w, r, form.Get("number"), fault.New(fault.Of(err).Code).On("number"))
		return nil
	}
	return leadTo(w, r, number)
}

// photo finds the number in a picture that the phone took. The picture is looked at once and kept nowhere.
func (h *Handler) photo(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxPhoto)
	number, err := h.pictured(r)
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		err = fault.New(fault.RequestTooLarge)
	}
	if err != nil {
		h.again(w, r, "", fault.New(fault.Of(err).Code).On("photo"))
		return nil
	}
	return leadTo(w, r, number)
}

// pictured reads the first part of the form that is a file, without keeping it on disk or twice in memory.
func (h *Handler) pictured(r *http.Request) (string, error) {
	parts, err := r.MultipartReader()
	if err != nil {
		return "", fault.New(fault.RequestMalformed).Because(err)
	}
	for range 4 {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", fault.New(fault.RequestMalformed).Because(err)
		}
		if part.FormName() != "photo" {
			continue
		}
		text, err := h.Requests.Read(part)
		if err != nil {
			return "", err
		}
		if number, ok := readNumber(text); ok {
			return number, nil
		}
		return "", fault.New(fault.QRUnknown)
	}
	return "", fault.New(fault.QRUnknown)
}

// asked shows the request that a number stands for.
func (h *Handler) asked(w http.ResponseWriter, r *http.Request) error {
	number, ok := readNumber(r.PathValue("number"))
	if !ok {
		return fault.New(fault.QRUnknown)
	}
	found, err := h.Requests.Look(r.Context(), number)
	if err != nil {
		return err
	}
	lang := string(h.Site.Lang(r))
	v := Asked{
		Form: ui.Form{Action: "/qr/" + number}, Service: shown(found.Service, lang), Says: found.Says, Begins: number[:8], Until: found.Until,
		Purpose: found.Service.Purpose.In(lang),
	}
	for _, a := range found.Ask {
		v.Wanted = append(v.Wanted, Wanted{Name: string(a.Name), Optional: !a.Required})
	}
	h.Site.Render(w, r, http.StatusOK, v)
	return nil
}

// begin goes on to PIN and code.
func (h *Handler) begin(w http.ResponseWriter, r *http.Request) error {
	if _, err := ui.Fields(w, r); err != nil {
		return err
	}
	number, ok := readNumber(r.PathValue("number"))
	if !ok {
		return fault.New(fault.QRUnknown)
	}
	path, err := h.Requests.Begin(r.Context(), number, string(h.Site.Lang(r)), h.Jar.EnsureBrowser(w, r, h.Rand))
	if err != nil {
		return err
	}
	http.Redirect(w, r, path, http.StatusSeeOther)
	return nil
}

// finish ends the phone's part. A page that is opened again finds it ended.
func (h *Handler) finish(w http.ResponseWriter, r *http.Request) error {
	ended, err := h.Requests.Finish(r.Context(), r.PathValue("id"), h.Jar.Browser(r))
	if fault.Is(err, fault.LoginAlreadyFinished) {
		h.Site.Render(w, r, http.StatusOK, Done{Ending: Before})
		return nil
	}
	if err != nil {
		return err
	}
	v := Done{Service: shown(ended.Service, string(h.Site.Lang(r))), Ending: Refused}
	if ended.Accepted {
		v.Ending = Accepted
	}
	h.Site.Render(w, r, http.StatusOK, v)
	return nil
}

func shown(s service.Service, lang string) ui.Service {
	return ui.Service{Name: s.Name.In(lang), Category: s.Category, Home: s.URL}
}

func leadTo(w http.ResponseWriter, r *http.Request, number string) error {
	http.Redirect(w, r, "/qr/"+url.PathEscape(number), http.StatusSeeOther)
	return nil
}

// readNumber understands a number as people type it: in any letter case, with or without the dashes, with spaces anywhere.
func readNumber(typed string) (number string, ok bool) {
	if len(typed) > 200 {
		return "", false
	}
	digits := strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'F':
			return r + 'a' - 'A'
		case r == '-' || r == ' ' || r == '\t' || r == '\r' || r == '\n' || r == '\u2010' || r == '\u2011' || r == '\u2013' || r == '\u00a0':
			return -1
		}
		return r
	}, typed)
	if len(digits) != 32 {
		return "", false
	}
	for _, c := range digits {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return "", false
		}
	}
	return strings.Join([]string{digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]}, "-"), true
}
