package sign

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"

	"chave/internal/core/draft"
	"chave/internal/core/fault"
	"chave/internal/page/door"
)

// Papers is what the pages need of the formats. The same Stamping gives the same octets on any node.
type Papers interface {
	// Inspect reads a document and counts its pages: NotPDF, PDFEncrypted, PDFDamaged, PDFHybrid, PDFLocked, PDFTooComplex.
	Inspect(file []byte) (pages int, err error)
	// Prepare makes room for a signature: PlaceInvalid, and all of Inspect's.
	Prepare(file []byte, s Stamping) (Prepared, error)
	// Extend brings a signed document to a level and tells which was reached; out is a good file whatever err says.
	Extend(ctx context.Context, file []byte, to string, at time.Time) (out []byte, reached string, err error)
}

// Prepared is a document waiting for its signature.
type Prepared interface {
	ToSign() []byte // SHA-256 of what the key signs
	Attach(signature []byte) ([]byte, error)
}

// Stamping says how a document is signed.
type Stamping struct {
	Place draft.Place
	Lines []string
	At    time.Time
	Name  string   // the signer's
	Chain [][]byte // DER: the signer's certificate, the issuing authority's, the root
}

// whole lends a document's bytes to fn while there is room for them.
func (h *Handler) whole(ctx context.Context, d draft.Draft, fn func(content []byte) error) error {
	done, err := h.Memory.Take(ctx, d.Size)
	if err != nil {
		return err
	}
	defer done()
	content, err := h.Drafts.Bytes(ctx, d)
	if err != nil {
		return err
	}
	return fn(content)
}

// file gives a document of the folder out: as it came, or signed. It is saved, never shown by the browser in our name.
func (h *Handler) file(w http.ResponseWriter, r *http.Request, who door.Inside) error {
	_, all, err := h.Drafts.Folder(r.Context(), who.Person.ID, r.PathValue("folder"))
	if err != nil {
		return err
	}
	found := ordered([]string{r.PathValue("draft")}, all)
	if len(found) == 0 || !found[0].Complete {
		return fault.New(fault.DraftUnknown)
	}
	d := found[0]
	head := w.Header()
	head.Set("Content-Type", "application/pdf")
	head.Set("Content-Disposition", disposition(d.Name))
	head.Set("Content-Length", strconv.FormatInt(d.Size, 10))
	head.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Cache-Control", "no-store")
	head.Set("Cross-Origin-Resource-Policy", "same-origin")
	head.Set("Referrer-Policy", "no-referrer")
	if r.Method == http.MethodHead {
		return nil
	}
	patient(w, 0, slowAnswer)
	h.failed(r, h.Drafts.WriteTo(r.Context(), d, w)) // a body cut short says so by its length
	return nil
}

// disposition names a file for saving: RFC 6266, the real name in RFC 5987's form and one in ASCII for old readers.
func disposition(name string) string {
	var plain, full strings.Builder
	for _, r := range name {
		if r < unicode.MaxASCII && r >= ' ' && !strings.ContainsRune(`"\%`, r) {
			plain.WriteRune(r)
		} else {
			plain.WriteByte('_')
		}
		for _, b := range []byte(string(r)) {
			if b < 0x80 && (unicode.IsLetter(rune(b)) || unicode.IsDigit(rune(b)) || strings.IndexByte("-._~!#$&+^`|", b) >= 0) {
				full.WriteByte(b)
			} else {
				full.WriteString("%" + strings.ToUpper(strconv.FormatUint(uint64(b)+0x100, 16)[1:]))
			}
		}
	}
	return `attachment; filename="` + plain.String() + `"; filename*=UTF-8''` + full.String()
}

// signedName is what a signed document is saved as.
func signedName(name, lang string) string {
	base, ext := name, ".pdf"
	if i := strings.LastIndexByte(name, '.'); i > 0 && strings.EqualFold(name[i:], ".pdf") {
		base, ext = name[:i], name[i:]
	}
	word := "-assinado"
	if lang == "en" {
		word = "-signed"
	}
	return draft.CleanName(base + word + ext)
}

// sizeOf writes a file's size the way people read it.
func sizeOf(n int64, lang string) string {
	var s string
	switch {
	case n < 1<<10:
		return strconv.FormatInt(n, 10) + " B"
	case n < 1<<20:
		return strconv.FormatInt((n+512)>>10, 10) + " KB"
	default:
		s = strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64)
	}
	if lang == "pt" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return s + " MB"
}
