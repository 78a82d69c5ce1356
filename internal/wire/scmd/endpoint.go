package scmd

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/service"
)

// call is one call of an operation, by an application that is known.
type call struct {
	door    *door
	op      *operation
	args    values
	service service.Service
	address string

	// for the log
	process string
	extra   bool
	cause   error // of what was answered with a code
}

// endpoint serves one door: POST calls an operation, GET shows the contract.
func (p *Provider) endpoint(d *door) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		switch r.Method {
		case http.MethodPost:
			p.post(w, r, d)
		case http.MethodGet, http.MethodHead:
			p.describe(w, r, d)
		default:
			h.Set("Allow", "GET, HEAD, POST")
			reply(w, http.StatusMethodNotAllowed, "", nil)
		}
	})
}

// record is what the log keeps of one call: who, what, which process, how it ended, how long it took. Nothing that was sent (§8.16).
type record struct {
	application, operation, process, code string
	extra                                 bool // members that the contract does not know (§6.13)
	cause                                 error
}

// post answers one call and writes its one record.
func (p *Provider) post(w http.ResponseWriter, r *http.Request, d *door) {
	began := time.Now() // how long a call took is real time, also in a demo whose clock was moved
	var kept record
	err := p.answer(w, r, d, &kept)
	var f *soapFault
	switch {
	case errors.As(err, &f):
		kept.code = f.code
		if f.status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", "60")
		}
		reply(w, f.status, soapType, f.write())
	case err != nil: // not logged in
		kept.code = "401"
		w.Header().Set("WWW-Authenticate", `Basic realm="chave"`)
		reply(w, http.StatusUnauthorized, "", nil)
	}
	if err != nil {
		kept.cause = err
	}
	p.log(r.Context(), d, kept, time.Since(began))
}

// log writes the record. Causes are for our own failures: what is wrong with a request is told by its code.
func (p *Provider) log(ctx context.Context, d *door, kept record, took time.Duration) {
	level := slog.LevelInfo
	about := []slog.Attr{
		slog.String("wire", d.name), slog.String("application", kept.application), slog.String("operation", kept.operation), slog.String("process", kept.process),
		slog.String("code", kept.code), slog.Int64("us", took.Microseconds()),
	}
	if kept.extra {
		about = append(about, slog.Bool("extra", true))
	}
	var f *fault.Error
	if errors.As(kept.cause, &f) {
		about = append(about, slog.String("fault", string(f.Code)))
	}
	if kept.code == "InternalServiceFault" || len(kept.code) == 3 && kept.code[0] == '5' {
		level = slog.LevelError
		about = append(about, slog.Any("err", kept.cause))
	}
	p.Log.LogAttrs(ctx, level, "signature call", about...)
}

const soapType = "text/xml; charset=utf-8"

// answer does what a call asks. The login is checked before the body is read, where there is one: strangers cost a few digests and no XML.
func (p *Provider) answer(w http.ResponseWriter, r *http.Request, d *door, kept *record) error {
	app, known, err := p.login(r)
	if err != nil {
		return err
	}
	if !known && d.basic {
		return errNoLogin
	}
	if !xmlContent(r.Header.Get("Content-Type")) {
		return &soapFault{status: http.StatusUnsupportedMediaType, code: "Client", says: "Este serviço lê text/xml em UTF-8."}
	}
	most := int64(maxBody)
	if !known {
		most = maxStranger
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return &soapFault{status: http.StatusRequestEntityTooLarge, code: "Client", says: "O pedido é demasiado grande."}
	case err != nil:
		return malformed(err)
	}
	e, err := readEnvelope(body)
	if err != nil {
		return err
	}
	op := d.dispatch(e, r.Header.Get("SOAPAction"))
	if op == nil {
		return actionUnknown()
	}
	kept.operation = op.name
	args, err := read(e.args, op.in)
	if err != nil {
		return err
	}
	c := &call{door: d, op: op, args: args, service: app, address: p.Address(r), extra: args.extra}
	if !known {
		if c.service, err = p.withoutLogin(r.Context(), c); err != nil {
			return err
		}
	}
	kept.application = c.service.ID
	if known {
		p.remember(r.Context(), c)
	}
	given, err := p.serve(r.Context(), c)
	kept.code, kept.process, kept.extra, kept.cause = given.status.code, c.process, c.extra, c.cause
	if err != nil {
		return err
	}
	reply(w, http.StatusOK, soapType, given.write(op))
	return nil
}

// serve runs an operation and turns its error into what the contract has for it: a code, nothing, or a fault.
func (p *Provider) serve(ctx context.Context, c *call) (answer, error) {
	given, err := p.open(ctx, c)
	var f *soapFault
	switch {
	case err == nil:
		c.process = given.status.process
		if c.op.out == kindText && given.status.code == "" {
			given.status.code = codeOK
		}
		return given, nil
	case errors.As(err, &f):
		return answer{}, err
	}
	failed := p.statusOf(err)
	c.cause = err
	if c.op.out == kindText {
		if strings.HasPrefix(failed.code, "5") {
			return answer{}, outage(err)
		}
		return answer{status: failed}, nil // nil, whatever the reason (§6.7)
	}
	failed.process = c.process
	if c.op.begins {
		failed.process = p.failedProcess(ctx, c, failed)
	}
	c.process = failed.process
	return answer{status: failed}, nil
}

// open checks that the door stands open for the application, then calls the operation.
func (p *Provider) open(ctx context.Context, c *call) (answer, error) {
	now := p.Now()
	if !c.service.Allows(service.CollectsPIN, now) || c.door.clear && !c.service.Allows(service.ClearPIN, now) {
		return answer{}, refuse(codeGeneric, "", "Este serviço não está aberto a esta aplicação.", fault.DoorClosed)
	}
	p.count(c.service, service.CollectsPIN)
	if c.door.clear {
		p.count(c.service, service.ClearPIN)
	}
	return c.op.serve(p, ctx, c)
}

// xmlContent tells whether a body says it is XML that this reader reads. One that says nothing is tried.
func xmlContent(header string) bool {
	if header == "" {
		return true
	}
	kind, params, err := mime.ParseMediaType(header)
	if err != nil || kind != "text/xml" && kind != "application/xml" {
		return false
	}
	charset := strings.ToLower(params["charset"])
	return charset == "" || charset == "utf-8" || charset == "utf8" || charset == "us-ascii"
}

// reply writes a whole answer with its length: some clients read no chunks (§1.14).
func reply(w http.ResponseWriter, status int, kind string, body []byte) {
	h := w.Header()
	if kind != "" {
		h.Set("Content-Type", kind)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client left; nothing to do
}
