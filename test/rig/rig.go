// Package rig runs the real thing for tests that need a whole server: a chave process with settings of its own, a fresh SQLite file or PostgreSQL cluster,
// and a phone network that takes its messages. It can end the process the way a power cut would, and start it again on what is left.
//
// It owns processes, ports and folders; what people do is package drive's, who they are is package population's. It never reaches into a running server.
package rig

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"chave/demo/civilregistry"
	"chave/demo/people"
	"chave/internal/app"
	"chave/internal/core/service"
	"chave/internal/outside/keystore"
	"chave/internal/outside/store"
	"chave/test/drive"

	"go.yaml.in/yaml/v3"
)

// Options say what to set up. Dir must be set.
type Options struct {
	// Dir holds everything. One that was used before is used again, with its people.
	Dir string
	// Driver is store.SQLite or store.Postgres.
	Driver string
	// Binary is the chave to run; see Build.
	Binary string
	// Change adapts the settings before they are written. May be nil.
	Change func(*app.Settings)
	// Services are registered beside the one that drives sign-ins.
	Services []service.Settings
	// Mail opens a mail server too, so that people may have e-mail.
	Mail bool
	// Counter gives the server the stand-in civil registry, which knows nobody and says of foreign passports that they are not its business: with the
	// operator's word they can be registered.
	Counter bool
}

// Rig is a set-up. Start begins the server.
type Rig struct {
	Dir      string
	Settings app.Settings
	Service  drive.Service // the relying party that is registered; public knowledge but for its secret
	Sink     *drive.Sink
	Postgres *Postgres // nil on SQLite
	Server   *Process  // nil before Start

	binary  string
	closers []func()
}

// Folder makes a temporary one with a short name, which a Unix socket needs, that PostgreSQL's user may enter.
func Folder() (dir string, drop func(), err error) {
	if dir, err = os.MkdirTemp("", "chave-rig-"); err != nil {
		return "", nil, err
	}
	return dir, func() { _ = os.RemoveAll(dir) }, os.Chmod(dir, 0o755)
}

// Build compiles the command into a folder and returns the binary.
func Build(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "chave")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "chave/cmd/chave")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build chave: %w\n%s", err, out)
	}
	return binary, nil
}

// New makes keystore, settings, registration, message sinks and, if asked for, a running PostgreSQL.
func New(ctx context.Context, o Options) (*Rig, error) {
	r := &Rig{Dir: o.Dir, Sink: new(drive.Sink), binary: o.Binary}
	if err := r.setUp(ctx, o); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Rig) setUp(ctx context.Context, o Options) error {
	if err := os.MkdirAll(filepath.Join(o.Dir, "services"), 0o755); err != nil {
		return err
	}
	root := r.path("root.key")
	if _, err := os.Stat(root); errors.Is(err, os.ErrNotExist) {
		if err := keystore.CreateRootKey(root); err != nil {
			return err
		}
	}
	address, err := r.address()
	if err != nil {
		return err
	}
	s := &r.Settings
	s.Issuer, s.Listen = "http://"+address, address
	s.Keystore.RootKeyFile, s.Services = root, r.path("services")
	s.Database.Driver, s.Database.Path = o.Driver, r.path("chave.db")
	if o.Driver == store.Postgres {
		if r.Postgres, err = StartPostgres(ctx, r.path("postgres")); err != nil {
			return err
		}
		s.Database.DSNFile = r.path("dsn")
		if err := os.WriteFile(s.Database.DSNFile, []byte(r.Postgres.DSN()), 0o600); err != nil {
			return err
		}
	}
	if err := r.sinks(ctx, o.Mail); err != nil {
		return err
	}
	if o.Counter {
		if err := r.registry(ctx); err != nil {
			return err
		}
	}
	if o.Change != nil {
		o.Change(s)
	}
	r.Service = drive.Service{
		Issuer: s.Issuer, ID: "load", Secret: secret(), RedirectURI: "http://127.0.0.1:9/callback", Scope: "openid profile", Lines: new(drive.Lines),
	}
	if err := r.register(o.Services); err != nil {
		return err
	}
	text, err := yaml.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(r.Config(), text, 0o600)
}

// address is the one this folder had before, because the issuer's name is part of what is stored, or a free one.
func (r *Rig) address() (string, error) {
	var before struct{ Listen string }
	if text, err := os.ReadFile(r.Config()); err == nil {
		if err := yaml.Unmarshal(text, &before); err != nil {
			return "", err
		}
		return before.Listen, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// sinks take what the server sends.
func (r *Rig) sinks(ctx context.Context, mail bool) error {
	gateway, err := r.serve(ctx, r.Sink)
	if err != nil {
		return err
	}
	r.Settings.SMS = app.GatewaySettings{URL: gateway + "/sms", Body: drive.SinkBody}
	if !mail {
		return nil
	}
	port, stop, err := serveMail(ctx, r.Sink)
	if err != nil {
		return err
	}
	r.closers = append(r.closers, stop)
	r.Settings.Email = app.MailSettings{Host: "127.0.0.1", Port: port, TLS: "none", From: "Chave <key@example.org>"}
	return nil
}

// registry stands in for the civil registry.
func (r *Rig) registry(ctx context.Context) error {
	token := secret()
	handler, err := civilregistry.New(civilregistry.Config{People: func() []people.Person { return nil }, Secret: token, Now: time.Now})
	if err != nil {
		return err
	}
	s := &r.Settings.Registry
	if s.URL, err = r.serve(ctx, handler); err != nil {
		return err
	}
	s.SecretFile = r.path("registry.secret")
	return os.WriteFile(s.SecretFile, []byte(token), 0o600)
}

// serve runs a handler on a free port of loopback until Close and gives its origin.
func (r *Rig) serve(ctx context.Context, handler http.Handler) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(l) }()
	r.closers = append(r.closers, func() { _ = server.Close() })
	return "http://" + l.Addr().String(), nil
}

// register writes the registration files; the server reads them at each start.
func (r *Rig) register(more []service.Settings) error {
	own := service.Settings{
		ID: r.Service.ID, Name: service.Text{"pt": "Serviço de Ensaio", "en": "Load Service"}, Category: "other",
		Purpose:      service.Text{"pt": "Medir.", "en": "To measure."},
		RedirectURIs: []string{r.Service.RedirectURI}, Secret: r.Service.Secret, Refresh: true, MinLevel: service.LevelEmail,
		Attributes: []service.Ask{{Name: "full_name", Required: true}, {Name: "birth_date", Required: true}, {Name: "nif"}},
	}
	for _, one := range append([]service.Settings{own}, more...) {
		text, err := yaml.Marshal(one)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(r.path("services"), one.ID+".yaml"), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// Config is the settings file.
func (r *Rig) Config() string { return r.path("chave.yaml") }

// LogFile is where the server's records go.
func (r *Rig) LogFile() string { return r.path("server.log") }

func (r *Rig) path(name string) string { return filepath.Join(r.Dir, name) }

// With opens the database in this process while no server runs, as `chave admin` does: for seeding and for looking.
func (r *Rig) With(ctx context.Context, fn func(*app.App) error) error {
	node, err := app.New(ctx, app.Config{Settings: r.Settings, Log: slog.New(slog.DiscardHandler), Now: new(app.Clock).Now})
	if err != nil {
		return err
	}
	return errors.Join(fn(node), node.Close())
}

// Start runs `chave serve` and waits until it is ready.
func (r *Rig) Start(ctx context.Context) error {
	return r.Run(ctx, r.binary, "serve", "--config", r.Config())
}

// Run starts any program as the server and waits until it is ready.
func (r *Rig) Run(ctx context.Context, program string, args ...string) error {
	log, err := os.OpenFile(r.LogFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	if r.Server, err = startProcess(log, nil, program, args...); err != nil {
		return err
	}
	return r.Ready(ctx)
}

// Ready waits until the server says that it is.
func (r *Rig) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	u, err := url.Parse(r.Settings.Issuer + "/readyz")
	if err != nil {
		return err
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		page, err := (&drive.Browser{Lines: r.Service.Lines}).Get(ctx, u)
		if err == nil && page.Status == http.StatusOK {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the server does not become ready (%w): %s", ctx.Err(), r.lastWords())
		case <-r.Server.Gone():
			return fmt.Errorf("the server ended at its start: %s", r.lastWords())
		case <-tick.C:
		}
	}
}

// lastWords are the end of the log, for a failure's report.
func (r *Rig) lastWords() string {
	text, err := os.ReadFile(r.LogFile())
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-2000):])
}

// Kill ends the server at once, as a power cut would: nothing is flushed, nobody is told.
func (r *Rig) Kill() {
	r.Server.Kill()
	r.Service.Lines.Drop()
}

// Stop ends the server in good order.
func (r *Rig) Stop() error {
	defer r.Service.Lines.Drop()
	return r.Server.Stop(15 * time.Second)
}

// Chave runs another command of the binary, such as `audit verify`, and returns what it said.
func (r *Rig) Chave(ctx context.Context, args ...string) (string, error) {
	var said bytes.Buffer
	c := exec.CommandContext(ctx, r.binary, args...)
	c.Stdout, c.Stderr = &said, &said
	err := c.Run()
	return said.String(), err
}

// Close ends everything that runs. The folder stays.
func (r *Rig) Close() {
	if r.Server != nil {
		r.Server.Kill()
	}
	if r.Postgres != nil {
		r.Postgres.Stop()
	}
	for i := len(r.closers) - 1; i >= 0; i-- {
		r.closers[i]()
	}
}

func secret() string {
	b := make([]byte, 24)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// copied reads a small file of /proc as words.
func copied(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	return strings.Fields(string(text)), err
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64) // what is not a number counts as nothing
	return n
}
