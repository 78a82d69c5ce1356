package check

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"time"

	"chave/internal/core/draft"
	"chave/internal/core/fault"
	"chave/internal/format/ades"
	"chave/internal/page/ui"
)

// BodyLimit is the largest body that POST /check takes, in bytes: a signed file, the file it was made for, and the form around them.
const BodyLimit = 2*fileLimit + 1<<20

const fileLimit = 50 << 20

// slowest is how long a file may take to come: whoever sends has no account, and holds memory that others wait for.
const slowest = 2 * time.Minute

// Handler serves /check. All fields are required.
type Handler struct {
	Site *ui.Site
	// Validate judges a file; original is empty unless the signature came apart from what it is for.
	Validate func(ctx context.Context, file, original []byte) (ades.Report, error)
	Memory   *draft.Memory // its own: strangers must not take what people who sign need
	Now      func() time.Time
	Test     bool // what is made here is not qualified (T8)
}

// Mount lists the routes.
func (h *Handler) Mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /check", func(w http.ResponseWriter, r *http.Request) { h.ask(w, r, nil) })
	mux.HandleFunc("POST /check", func(w http.ResponseWriter, r *http.Request) {
		if err := h.check(w, r); err != nil {
			if f := fault.Of(err); f.Kind() == fault.Invalid || f.Code == fault.NotSignature {
				h.ask(w, r, err)
				return
			}
			h.Site.Fail(w, r, err)
		}
	})
}

func (h *Handler) ask(w http.ResponseWriter, r *http.Request, cause error) {
	status := http.StatusOK
	if cause != nil {
		status = http.StatusUnprocessableEntity
	}
	h.Site.Render(w, r, status, Ask{Form: ui.Form{Problems: ui.Problems(cause)}, Size: megabytes})
}

const megabytes = "50 MB"

// check answers the form with the report itself: to send the browser elsewhere, the report would have to be kept.
func (h *Handler) check(w http.ResponseWriter, r *http.Request) error {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(slowest)) // real time, whatever the demo's clock says; a server that cannot has limits of its own
	_ = control.SetWriteDeadline(time.Now().Add(2 * slowest))
	size := r.ContentLength
	if size < 0 {
		size = BodyLimit
	}
	done, err := h.Memory.Take(r.Context(), size)
	if err != nil {
		return err
	}
	defer done()
	got, err := receive(r)
	if err != nil {
		return err
	}
	if len(got.file) == 0 {
		return fault.New(fault.NotSignature).On("documents")
	}
	found, err := h.Validate(r.Context(), got.file, got.original)
	if err != nil {
		return err
	}
	v := view(found)
	v.File, v.At, v.Test = got.name, h.Now(), h.Test
	h.Site.Render(w, r, http.StatusOK, v)
	return nil
}

type received struct {
	name           string
	file, original []byte
}

// receive reads the two files of the form into memory.
func receive(r *http.Request) (received, error) {
	var got received
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return got, fault.New(fault.RequestMalformed).Because(err)
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return got, fault.New(fault.RequestMalformed).Because(err)
	}
	for {
		part, err := parts.NextPart()
		if err == io.EOF { //nolint:errorlint // wrapped, it means that the body was cut short
			return got, nil
		}
		if err != nil {
			return got, cut(err)
		}
		if part.FileName() == "" {
			continue
		}
		switch name := part.FormName(); {
		case name == "documents" && got.file == nil:
			got.name = draft.CleanName(part.FileName())
			got.file, err = read(part, name)
		case name == "original" && got.original == nil:
			got.original, err = read(part, name)
		default:
			err = fault.New(fault.RequestMalformed)
		}
		if err != nil {
			return got, err
		}
	}
}

func read(part *multipart.Part, field string) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(part, fileLimit+1))
	if err != nil {
		return nil, cut(err)
	}
	if len(content) > fileLimit {
		return nil, fault.New(fault.PDFTooLarge).On(field).With("Max", megabytes)
	}
	return content, nil
}

// cut gives a body that ends too early, or never, its code.
func cut(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return fault.New(fault.PDFTooLarge).On("documents").With("Max", strconv.FormatInt(fileLimit>>20, 10)+" MB").Because(err)
	}
	return fault.New(fault.RequestMalformed).Because(err)
}
