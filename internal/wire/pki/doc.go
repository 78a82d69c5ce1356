// Package pki serves what anybody may know of our certificates: status (RFC 6960), lists and certificates of authorities (RFC 5280 §4.2.1.13, §4.2.2.1), and timestamps (RFC 3161).
//
//	POST /pki/ocsp            application/ocsp-request → application/ocsp-response
//	GET  /pki/ocsp/{base64}   the same, for clients that ask by address
//	GET  /pki/{id}.crl        application/pkix-crl
//	GET  /pki/{id}.cer        application/pkix-cert
//	POST /pki/tsa             application/timestamp-query → application/timestamp-reply
//
// It owns methods, media types, sizes and what may be kept by whom on the way. What is in the bytes is the authority's. Everything served here is signed, or is a certificate,
// so plain http is right for it, and nobody signs in.
package pki

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"chave/internal/core/fault"
)

// Sizes of requests in bytes. Real ones have about a hundred.
const (
	maxStatus    = 16 << 10
	maxTimestamp = 4 << 10
)

// Authority answers. The first results of the two Answer methods may always be sent, whatever the error, which is for the log.
type Authority interface {
	AnswerOCSP(ctx context.Context, request []byte) (answer []byte, until time.Time, err error)
	AnswerTSA(ctx context.Context, request []byte) (answer []byte, err error)
	CRLOf(ctx context.Context, id string) (der []byte, next time.Time, err error)
	CertificateOf(ctx context.Context, id string) (der []byte, err error)
}

// Provider serves an authority. All fields are required.
type Provider struct {
	Authority Authority
	Log       *slog.Logger
}

// Mount registers the addresses. It panics when a dependency is missing, which is a mistake in the program.
func (p *Provider) Mount(mux *http.ServeMux) {
	if p.Authority == nil || p.Log == nil {
		panic("wire/pki: a dependency is missing")
	}
	mux.HandleFunc("POST /pki/ocsp", p.status)
	mux.HandleFunc("POST /pki/ocsp/{$}", p.status)
	mux.HandleFunc("GET /pki/ocsp/{request...}", p.statusByAddress)
	mux.HandleFunc("POST /pki/tsa", p.timestamp)
	mux.HandleFunc("GET /pki/{file}", p.file)
}

// status answers the body. Media types are not insisted on: some clients send none, and the bytes say what they are.
func (p *Provider) status(w http.ResponseWriter, r *http.Request) {
	body, ok := read(w, r, maxStatus)
	if !ok {
		return
	}
	p.answerStatus(w, r, body)
}

// statusByAddress answers a request in base64 in the address (RFC 6960 appendix A.1.1). Some clients forget to escape it, and a slash of it then looks like one of the path's.
func (p *Provider) statusByAddress(w http.ResponseWriter, r *http.Request) {
	text := r.PathValue("request")
	if len(text) > base64.StdEncoding.EncodedLen(maxStatus) {
		http.Error(w, http.StatusText(http.StatusRequestURITooLong), http.StatusRequestURITooLong)
		return
	}
	body, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(text, " ", "+"))
	if err != nil {
		body = nil // answered as malformed, in the protocol's own words
	}
	p.answerStatus(w, r, body)
}

func (p *Provider) answerStatus(w http.ResponseWriter, r *http.Request, body []byte) {
	answer, until, err := p.Authority.AnswerOCSP(r.Context(), body)
	if err != nil {
		p.Log.ErrorContext(r.Context(), "status could not be answered", "err", err)
	}
	// Whoever keeps an answer asks again before giving it out: a revocation shows at once (S7).
	keep := "no-store"
	if r.Method == http.MethodGet && !until.IsZero() {
		keep = "public, no-cache"
		w.Header().Set("Expires", until.UTC().Format(http.TimeFormat))
	}
	send(w, "application/ocsp-response", keep, answer)
}

func (p *Provider) timestamp(w http.ResponseWriter, r *http.Request) {
	body, ok := read(w, r, maxTimestamp)
	if !ok {
		return
	}
	answer, err := p.Authority.AnswerTSA(r.Context(), body)
	if err != nil {
		p.Log.ErrorContext(r.Context(), "no timestamp could be given", "err", err)
	}
	send(w, "application/timestamp-reply", "no-store", answer)
}

// file serves lists and certificates by their authority's id.
func (p *Provider) file(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	id, list := strings.CutSuffix(name, ".crl")
	var der []byte
	var err error
	kind := "application/pkix-crl"
	if list {
		var next time.Time
		if der, next, err = p.Authority.CRLOf(r.Context(), id); err == nil {
			w.Header().Set("Expires", next.UTC().Format(http.TimeFormat))
		}
	} else {
		var found bool
		if id, found = strings.CutSuffix(name, ".cer"); !found {
			http.NotFound(w, r)
			return
		}
		kind = "application/pkix-cert"
		der, err = p.Authority.CertificateOf(r.Context(), id)
	}
	switch {
	case fault.Is(err, fault.CertificateUnknown):
		http.NotFound(w, r)
	case err != nil:
		p.Log.ErrorContext(r.Context(), "a list or a certificate could not be given", "file", name, "err", err)
		http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
	default:
		// Kept on the way, but asked about each time: whoever has the current one is told so in a few bytes.
		sum := sha256.Sum256(der)
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "public, no-cache")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:12])+`"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(der))
	}
}

func read(w http.ResponseWriter, r *http.Request, most int64) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		http.Error(w, http.StatusText(http.StatusRequestEntityTooLarge), http.StatusRequestEntityTooLarge)
	case err != nil:
		http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
	}
	return body, err == nil
}

// send writes an answer. Its length is told, which old clients need.
func send(w http.ResponseWriter, kind, keep string, body []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", keep)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(body) //nolint:gosec // DER of our own making, under a type that no browser renders
}
