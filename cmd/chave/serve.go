package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"chave/internal/app"
)

// serveCommand runs for real.
type serveCommand struct {
	Config string `required:"" type:"path" help:"Settings file (YAML); internal/app/settings.go is its manual."`
	Check  bool   `help:"Validate settings, services, keystore and database, then exit."`
}

func (c *serveCommand) Run(ctx context.Context, s streams) error {
	settings, err := app.ReadSettings(c.Config)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(s.Err, &slog.HandlerOptions{Level: level(settings.LogLevel)}))
	registrations, err := app.ReadServices(settings.Services)
	if err != nil {
		return err
	}
	clock := new(app.Clock)
	node, err := app.New(ctx, app.Config{Settings: settings, Log: log, Now: clock.Now, Secure: strings.HasPrefix(settings.Issuer, "https:")})
	if err != nil {
		return err
	}
	if c.Check {
		fmt.Fprintln(s.Out, "settings, services, keystore and database are in order")
		return node.Close()
	}
	for _, one := range registrations {
		warning, err := node.SaveService(ctx, one, "file")
		if err != nil {
			return errors.Join(err, node.Close())
		}
		if warning != "" {
			log.Warn(warning)
		}
	}
	return serveNode(ctx, node, settings, log)
}

func serveNode(ctx context.Context, node *app.App, settings app.Settings, log *slog.Logger) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", settings.Listen)
	if err != nil {
		return errors.Join(err, node.Close())
	}
	server := httpServer(node.Handler(), log)
	tuneMemory()
	node.Start()
	failed := make(chan error, 1)
	go func() {
		if settings.TLS.Certificate != "" {
			server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
			failed <- server.ServeTLS(listener, settings.TLS.Certificate, settings.TLS.Key)
			return
		}
		failed <- server.Serve(listener)
	}()
	log.Info("serving", "issuer", settings.Issuer, "listen", listener.Addr().String(), "database", settings.Database.Driver)
	select {
	case err = <-failed:
	case <-ctx.Done():
		// Requests in flight finish; new ones go to another node or wait for the next start.
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err = server.Shutdown(grace)
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return errors.Join(err, node.Close())
}

// tuneMemory trades memory for time. Each PIN that is checked takes and drops as much memory as the slow hash wants, so with Go's own setting a tenth of all
// processor time would go into collecting it. What the start needed is given back first. GOGC in the environment still decides.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	debug.FreeOSMemory()
}

// httpServer has a limit on everything a stranger can make last or grow.
func httpServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

func level(name string) slog.Level {
	var l slog.Level
	if l.UnmarshalText([]byte(name)) != nil {
		return slog.LevelInfo
	}
	return l
}
