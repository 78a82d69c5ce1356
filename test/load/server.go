package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"time"

	"chave/internal/app"
)

// serverCommand is `chave serve` composed here, from the same parts, with a profiler around it. Figures that count are taken from the real command.
type serverCommand struct {
	Config     string `required:"" type:"path"`
	CPUProfile string `name:"cpuprofile" type:"path"`
	MemProfile string `name:"memprofile" type:"path"`
}

func (c *serverCommand) Run(ctx context.Context) error {
	debug.SetGCPercent(400) // as `chave serve` does
	defer pprof.StopCPUProfile()
	settings, err := app.ReadSettings(c.Config)
	if err != nil {
		return err
	}
	registrations, err := app.ReadServices(settings.Services)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	node, err := app.New(ctx, app.Config{Settings: settings, Log: log, Now: new(app.Clock).Now})
	if err != nil {
		return err
	}
	for _, one := range registrations {
		if _, err := node.SaveService(ctx, one, "file"); err != nil {
			return errors.Join(err, node.Close())
		}
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", settings.Listen)
	if err != nil {
		return errors.Join(err, node.Close())
	}
	if c.CPUProfile != "" {
		f, err := os.Create(c.CPUProfile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
	}
	server := &http.Server{Handler: node.Handler(), ReadHeaderTimeout: 5 * time.Second}
	node.Start()
	go func() { _ = server.Serve(listener) }()
	<-ctx.Done()
	pprof.StopCPUProfile()
	if c.MemProfile != "" {
		f, err := os.Create(c.MemProfile)
		if err != nil {
			return err
		}
		defer f.Close()
		runtime.GC()
		if err := pprof.Lookup("allocs").WriteTo(f, 0); err != nil {
			return err
		}
	}
	return errors.Join(server.Close(), node.Close())
}
