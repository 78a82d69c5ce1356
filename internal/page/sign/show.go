package sign

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"chave/internal/core/draft"
	"chave/internal/core/fault"
	"chave/internal/core/signing"
	"chave/internal/page/door"
	"chave/internal/page/ui"
)

// settling is how long a signature that is being made is waited for before it counts as lost.
const settling = 30 * time.Second

// show renders the step that the stored state says is next, and only that.
func (h *Handler) show(w http.ResponseWriter, r *http.Request, who door.Inside) error {
	f, all, err := h.Drafts.Folder(r.Context(), who.Person.ID, r.PathValue("folder"))
	if err != nil {
		return err
	}
	return h.page(w, r, who, f, all, nil)
}

// page fills the view of the step a folder is at; cause is what was wrong with the last form.
func (h *Handler) page(w http.ResponseWriter, r *http.Request, who door.Inside, f draft.Folder, all []draft.Draft, cause error) error {
	view, err := h.view(r, who, f, all, cause)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if cause != nil {
		status = ui.Status(fault.Of(cause).Kind())
	}
	h.Site.Render(w, r, status, view)
	return nil
}

func (h *Handler) view(r *http.Request, who door.Inside, f draft.Folder, all []draft.Draft, cause error) (ui.View, error) {
	path, docs := folderPath(f.ID), h.documents(r, f, f.Drafts, all)
	task := func(step string, at int) Task {
		t := h.task(who, path, step, at)
		t.Problems = ui.Problems(cause)
		return t
	}
	switch {
	case len(f.Results) > 0:
		v := Done{Task: task("done", 0), Documents: h.documents(r, f, f.Results, all), Until: f.ExpiresAt}
		for _, d := range v.Documents {
			v.Lower = v.Lower || d.Level != h.Level
		}
		return v, nil
	case len(f.Signatures) > 0:
		return Finish{Task: task("finish", 0)}, nil
	case f.Operation != "":
		return h.operation(r, who, f, docs, task)
	case f.Placed:
		signer, why, err := h.closed(r.Context(), who.Person.ID)
		if err != nil {
			return nil, err
		}
		if why != "" {
			v := Start{Task: task("documents", 0), Closed: why}
			return v, nil
		}
		where, number := whereOf(f.Place)
		return PIN{Task: task("pin", 3), Documents: docs, Holder: signer.Cert.Subject.CommonName, Where: where, Number: number, Back: true}, nil
	}
	v := Place{Task: task("place", 2), Documents: docs, Stamp: "visible", Corner: "bottom_right", Lines: h.lines(r, who, h.Now())}
	for _, one := range f.Refused {
		v.Refused = append(v.Refused, Refused{Name: one.Name, Problem: ui.Problem{Code: one.Code}})
	}
	fillPlace(&v, f.Place)
	return v, nil
}

// operation shows where the signature itself stands.
func (h *Handler) operation(r *http.Request, who door.Inside, f draft.Folder, docs []Document, task func(string, int) Task) (ui.View, error) {
	op, err := h.Signing.Read(r.Context(), h.ref(who, f))
	over := func(code fault.Code) ui.View {
		return Over{Task: task("retry", 0), Reason: ui.Problem{Code: string(code)}, Documents: docs, Retry: true}
	}
	now := h.Now()
	switch {
	case fault.Is(err, fault.OperationUnknown): // another session began it, or it was forgotten
		return over(fault.OperationUnknown), nil
	case err != nil:
		return nil, err
	case op.State == signing.Waiting:
		return codeView(task("code", 4), op, docs, r), nil
	case op.State == signing.Signed && now.Before(op.SignedAt.Add(settling)): // the answer was lost on its way here: the same code gives it again
		return codeView(task("code", 4), op, docs, r), nil
	case op.State == signing.Spent && now.Before(op.SpentAt.Add(settling)):
		return Finish{Task: task("finish", 0)}, nil
	case op.Fault != "":
		return over(op.Fault), nil
	}
	return over(fault.OperationOver), nil
}

func codeView(t Task, op signing.Operation, docs []Document, r *http.Request) Code {
	return Code{
		Task: t, Documents: docs, Channel: string(op.Channel), To: op.SentTo, Until: op.CodeUntil, Again: op.State == signing.Waiting, SentAnew: r.URL.Query().Has("sent"),
	}
}

func (h *Handler) ref(who door.Inside, f draft.Folder) signing.Ref {
	return signing.Ref{ID: f.Operation, Application: h.Door.Service.ID, Person: who.Person.ID, Session: f.Session}
}

func (h *Handler) documents(r *http.Request, f draft.Folder, ids []string, all []draft.Draft) []Document {
	var list []Document
	lang := string(h.Site.Lang(r))
	for _, d := range ordered(ids, all) {
		list = append(list, Document{Name: d.Name, Size: sizeOf(d.Size, lang), Pages: d.Pages, Path: folderPath(f.ID) + "/files/" + d.ID, Level: d.Level})
	}
	return list
}

// lines is what the stamp says: in the language of the page, with the time that stands in the document.
func (h *Handler) lines(r *http.Request, who door.Inside, at time.Time) []string {
	lang, texts := h.Site.Lang(r), h.Site.Texts()
	with := "sign.stamp.real"
	if h.Test {
		with = "sign.stamp.test"
	}
	return []string{
		texts.T(lang, "sign.stamp.by", "Name", who.Person.FullName()),
		texts.T(lang, "sign.stamp.at", "When", texts.Moment(lang, at)),
		texts.T(lang, with),
	}
}

// whereOf says a place in the words of the texts.
func whereOf(p draft.Place) (string, int) {
	switch {
	case !p.Visible:
		return "none", 0
	case p.Page < 0:
		return "last", 0
	}
	return "page", p.Page
}

func fillPlace(v *Place, p draft.Place) {
	if p == (draft.Place{}) {
		return
	}
	if !p.Visible {
		v.Stamp = "none"
		return
	}
	if p.Page > 0 {
		v.PageNumber = strconv.Itoa(p.Page)
	}
	if v.Corner = p.Corner; v.Corner == "" {
		v.Corner = "own"
		v.X, v.Y = strconv.FormatFloat(p.X, 'f', 4, 64), strconv.FormatFloat(p.Y, 'f', 4, 64)
	}
}

// parsePlace reads the place a form chose.
func parsePlace(stamp, page, corner, x, y string) (draft.Place, error) {
	if stamp == "none" {
		return draft.Place{}, nil
	}
	p := draft.Place{Visible: true, Page: -1, Corner: corner}
	var errs []error
	if page != "" {
		n, err := strconv.Atoi(page)
		if err != nil || n < 1 || n > 1_000_000 {
			errs = append(errs, fault.New(fault.PlaceInvalid).On("page"))
		}
		p.Page = n
	}
	switch corner {
	case "bottom_right", "bottom_left", "top_right", "top_left":
	case "own":
		p.Corner = ""
		var errX, errY error
		p.X, errX = strconv.ParseFloat(x, 64)
		p.Y, errY = strconv.ParseFloat(y, 64)
		if errX != nil || errY != nil || !(p.X >= 0 && p.X <= 1 && p.Y >= 0 && p.Y <= 1) {
			errs = append(errs, fault.New(fault.PlaceInvalid).On("corner"))
		}
	default:
		errs = append(errs, fault.New(fault.PlaceInvalid).On("corner"))
	}
	return p, errors.Join(errs...)
}
