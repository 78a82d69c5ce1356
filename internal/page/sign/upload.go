package sign

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"chave/internal/core/draft"
	"chave/internal/core/fault"
	"chave/internal/page/door"
	"chave/internal/page/ui"
)

// start offers to choose documents, and shows what was begun within the hour.
func (h *Handler) start(w http.ResponseWriter, r *http.Request, who door.Inside) error {
	return h.startWith(w, r, who, nil)
}

func (h *Handler) startWith(w http.ResponseWriter, r *http.Request, who door.Inside, cause error) error {
	v := Start{Task: h.task(who, "/sign", "documents", 1), Files: h.Drafts.Rules.Files, Size: strconv.FormatInt(h.Drafts.Rules.File>>20, 10) + " MB"}
	v.Problems = ui.Problems(cause)
	var err error
	if _, v.Closed, err = h.closed(r.Context(), who.Person.ID); err != nil {
		return err
	}
	if v.Closed != "" {
		v.At = 0
	}
	folders, err := h.Drafts.Folders(r.Context(), who.Person.ID)
	if err != nil {
		return err
	}
	for _, f := range folders {
		_, all, err := h.Drafts.Folder(r.Context(), who.Person.ID, f.ID)
		if fault.Is(err, fault.DraftUnknown) || err == nil && len(f.Drafts) == 0 {
			continue
		}
		if err != nil {
			return err
		}
		one := Open{Path: folderPath(f.ID), At: f.CreatedAt, Signed: len(f.Results) > 0}
		for _, d := range ordered(f.Drafts, all) {
			one.Names = append(one.Names, d.Name)
		}
		v.Open = append(v.Open, one)
	}
	status := http.StatusOK
	if cause != nil {
		status = ui.Status(fault.Of(cause).Kind())
	}
	h.Site.Render(w, r, status, v)
	return nil
}

// upload takes the documents as they come, part by part. Good ones are kept when others are not: the next page names those.
func (h *Handler) upload(w http.ResponseWriter, r *http.Request, who door.Inside) error {
	if _, why, err := h.closed(r.Context(), who.Person.ID); err != nil || why != "" {
		if err != nil {
			return err
		}
		return h.startWith(w, r, who, nil)
	}
	parts, err := multiparts(r)
	if err != nil {
		return err
	}
	patient(w, slowUpload, slowAnswer)
	f, err := h.Drafts.Open(r.Context(), who.Person.ID)
	if err != nil {
		return err
	}
	last, err := h.receive(r, &f, parts)
	if err == nil && len(f.Drafts) == 0 {
		if err = last; err == nil {
			err = fault.New(fault.NoDocuments)
		}
		if len(f.Refused) == 1 { // the name helps where several could be meant; here it is the one just chosen
			err = fault.New(fault.Code(f.Refused[0].Code)).Because(last).With("Max", strconv.FormatInt(h.Drafts.Rules.File>>20, 10)+" MB")
		}
	}
	if err == nil {
		_, err = h.Drafts.Save(r.Context(), f)
	}
	if err != nil {
		h.failed(r, h.Drafts.Remove(r.Context(), who.Person.ID, f.ID))
		if k := fault.Of(err).Kind(); k == fault.Invalid || k == fault.Exhausted || k == fault.Denied {
			one := fault.Of(err)
			again := fault.New(one.Code).On("documents").Because(err)
			again.Args = one.Args
			return h.startWith(w, r, who, again)
		}
		return err
	}
	return see(w, r, folderPath(f.ID))
}

// multiparts reads the body as a stream of parts; anything else than a form with files is refused.
func multiparts(r *http.Request) (*multipart.Reader, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil, fault.New(fault.RequestMalformed).Because(err)
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, fault.New(fault.RequestMalformed).Because(err)
	}
	return parts, nil
}

// receive takes each file. The error ends everything; last is what was wrong with the last file that was refused by itself.
func (h *Handler) receive(r *http.Request, f *draft.Folder, parts *multipart.Reader) (last, err error) {
	for {
		part, err := parts.NextPart()
		if err == io.EOF { //nolint:errorlint // wrapped, it means that the body was cut short
			return last, nil
		}
		if err != nil {
			return last, broken(err)
		}
		if part.FormName() != "documents" || part.FileName() == "" { // an empty choice is sent as a file without a name
			continue
		}
		if len(f.Drafts)+len(f.Refused) >= h.Drafts.Rules.Files {
			return last, fault.New(fault.TooManyDocuments).With("Max", h.Drafts.Rules.Files)
		}
		name := draft.CleanName(part.FileName())
		d, err := h.one(r, *f, name, part)
		switch {
		case err == nil:
			f.Drafts = append(f.Drafts, d.ID)
		case refusable(err):
			last = err
			f.Refused = append(f.Refused, draft.Refused{Name: name, Code: string(fault.Of(err).Code)})
		default:
			return last, broken(err)
		}
	}
}

// one stores a document and looks whether it can be signed at all.
func (h *Handler) one(r *http.Request, f draft.Folder, name string, from io.Reader) (draft.Draft, error) {
	d, err := h.Drafts.Add(r.Context(), f, draft.Upload, draft.About{Name: name}, from)
	if err != nil {
		return d, err
	}
	err = h.whole(r.Context(), d, func(content []byte) (err error) {
		d.Pages, err = h.Papers.Inspect(content)
		return err
	})
	if err == nil {
		err = h.Drafts.Describe(r.Context(), d)
	}
	if err != nil {
		h.failed(r, h.Drafts.Drop(r.Context(), d))
	}
	return d, err
}

// refusable tells what is wrong with one file from what is wrong with everything.
func refusable(err error) bool {
	code := fault.Of(err).Code
	return code == fault.PDFTooLarge || slices.Contains([]fault.Code{
		fault.NotPDF, fault.PDFEncrypted, fault.PDFDamaged, fault.PDFHybrid, fault.PDFLocked, fault.PDFTooComplex,
	}, code)
}

// broken gives what a cut or oversized body is its code.
func broken(err error) error {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return fault.New(fault.TooManyDrafts).Because(err)
	case errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(err.Error(), "multipart:"):
		return fault.New(fault.RequestMalformed).Because(err)
	}
	return err
}

// ordered gives the drafts of a list of ids, in its order; those that are gone are left out.
func ordered(ids []string, all []draft.Draft) []draft.Draft {
	var list []draft.Draft
	for _, id := range ids {
		for _, d := range all {
			if d.ID == id {
				list = append(list, d)
			}
		}
	}
	return list
}
