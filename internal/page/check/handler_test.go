package check

import (
	"bytes"
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"chave/internal/core/draft"
	"chave/internal/core/fault"
	"chave/internal/format/ades"
	"chave/internal/page/ui"
	"chave/internal/text"
)

func now() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

func desk(t *testing.T, validate func(context.Context, []byte, []byte) (ades.Report, error)) http.Handler {
	t.Helper()
	texts, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	site, err := ui.New(ui.Config{Texts: texts, Now: now, Sets: []ui.Set{Pages()}})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	(&Handler{Site: site, Validate: validate, Memory: draft.NewMemory(300 << 20), Now: now, Test: true}).Mount(mux)
	return mux
}

func form(t *testing.T, files ...string) *http.Request {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for i := 0; i+2 < len(files); i += 3 {
		part, err := w.CreateFormFile(files[i], files[i+1])
		if err == nil {
			_, err = io.WriteString(part, files[i+2])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "/check", &body)
	r.Header.Set("Content-Type", w.FormDataContentType())
	r.Header.Set("Accept-Language", "en")
	return r
}

func ask(t *testing.T, h http.Handler, r *http.Request, status int, texts ...string) string {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	page := html.UnescapeString(w.Body.String())
	for _, s := range texts {
		if !strings.Contains(page, s) {
			t.Errorf("the page does not say %q:\n%s", s, page)
		}
	}
	if w.Code != status {
		t.Errorf("status %d, want %d", w.Code, status)
	}
	return page
}

func TestR4_15_anybody_has_a_signature_checked(t *testing.T) {
	var file, original string
	h := desk(t, func(_ context.Context, f, o []byte) (ades.Report, error) {
		file, original = string(f), string(o)
		return ades.Report{Kind: "pdf", Verdict: ades.Unknown, Signatures: []ades.SignatureReport{{
			Index: 1, Verdict: ades.Unknown, Intact: true, Signer: ades.Party{CommonName: "Zoë <b>"}, ClaimedAt: now(),
			Reasons: []ades.Reason{{Code: ades.NoTrustedChain, Args: map[string]string{"issuer": "Somebody Else"}}, {Code: ades.Expired, Args: map[string]string{"certificate": "Zoë", "at": "2026-01-02T03:04:05Z"}}},
		}}}, nil
	})
	page := ask(t, h, form(t, "documents", `C:\a <script>.pdf`, "%PDF-1.7", "original", "", ""), http.StatusOK,
		"This could not be decided", "a script.pdf", "Somebody Else", "The certificate of Zoë had already expired", "Test – not qualified")
	if strings.Contains(page, "<script>.pdf") || file != "%PDF-1.7" || original != "" {
		t.Errorf("read %q and %q", file, original)
	}
	ask(t, h, form(t, "original", "a.txt", "content", "documents", "a.p7s", "signature"), http.StatusOK)
	if file != "signature" || original != "content" {
		t.Errorf("read %q and %q", file, original)
	}
}

func TestWhat_is_no_file_is_told_at_the_field(t *testing.T) {
	h := desk(t, func(context.Context, []byte, []byte) (ades.Report, error) { return ades.Report{}, errors.New("asked") })
	ask(t, h, form(t), http.StatusUnprocessableEntity, "CH-1744", `aria-invalid="true"`)
	ask(t, h, form(t, "documents", "a.pdf", ""), http.StatusUnprocessableEntity, "CH-1744")
	ask(t, h, form(t, "documents", "a.pdf", strings.Repeat("x", fileLimit+1)), http.StatusUnprocessableEntity, "CH-1736", "50 MB")
	ask(t, h, form(t, "documents", "a.pdf", "x", "documents", "b.pdf", "y"), http.StatusUnprocessableEntity, "CH-1002")
	bare := httptest.NewRequest("POST", "/check", strings.NewReader("documents=x"))
	bare.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	ask(t, h, bare, http.StatusUnprocessableEntity, "CH-1002")
	cut := form(t, "documents", "a.pdf", "content")
	cut.Body = io.NopCloser(io.LimitReader(cut.Body, 230))
	ask(t, h, cut, http.StatusUnprocessableEntity, "CH-1002")
	ask(t, h, form(t, "documents", "a.pdf", "x"), http.StatusInternalServerError, "CH-1000")
	t.Run("who waits for room too long is told to come again", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		ask(t, h, form(t, "documents", "a.pdf", strings.Repeat("x", 10<<20)).WithContext(ctx), http.StatusServiceUnavailable, string(fault.StoreUnavailable))
	})
}

// The codes of a report are a closed set; a new one must come with its sentence.
func TestEvery_word_of_a_report_has_a_sentence(t *testing.T) {
	texts, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	say := func(key string) {
		t.Helper()
		for _, l := range text.Langs() {
			if !texts.Has(l, key) {
				t.Errorf("%s is missing in %s", key, l)
			}
		}
	}
	codes := constants(t, "../../format/ades", "Code")
	for _, code := range codes {
		say("check.reason." + code)
	}
	kinds := constants(t, "../../format/pdf", "ChangeKind")
	for _, kind := range kinds {
		say("check.change." + kind)
	}
	for _, level := range constants(t, "../../format/ades", "Level") {
		say("sign.level." + level)
	}
	if len(codes) < 30 || len(kinds) < 5 {
		t.Errorf("only %d codes and %d kinds were found", len(codes), len(kinds))
	}
}

// constants lists the values of a package's constants of one type.
func constants(t *testing.T, dir, typ string) []string {
	t.Helper()
	var all []string
	names, err := filepath.Glob(dir + "/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			if id, ok := spec.Type.(*ast.Ident); !ok || id.Name != typ {
				return true
			}
			if lit, ok := spec.Values[0].(*ast.BasicLit); ok {
				if value, err := strconv.Unquote(lit.Value); err == nil {
					all = append(all, value)
				}
			}
			return true
		})
	}
	return all
}
