package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"chave/internal/app"
	"chave/internal/core/audit"
	"chave/internal/core/credential"
	"chave/internal/core/service"
	"chave/internal/outside/store"
	"chave/test/population"
	"chave/test/rig"
)

// setup is what all measurements need: a server with people.
type setup struct {
	Database     string `enum:"sqlite,postgres" default:"sqlite" help:"sqlite, or postgres started from the Debian package."`
	People       int    `default:"100000" help:"People in the database."`
	Signers      int    `default:"6000" help:"Those of them who sign in; their PINs are stored at full cost."`
	Data         string `type:"path" help:"Keep server and people in this folder, and use what is there. Without it, a temporary one."`
	Binary       string `type:"path" help:"The chave to measure; built when missing."`
	Argon2Time   uint32 `name:"argon2-time" default:"1" help:"argon2id passes."`
	Argon2Memory uint32 `name:"argon2-memory" default:"1024" help:"argon2id memory in KiB."`
	Email        bool   `help:"Everybody has an e-mail address: each fresh browser is then told of by e-mail too."`
	InProcess    bool   `help:"Run the server composed by this program instead of the binary."`
	CPUProfile   string `name:"cpuprofile" type:"path" help:"With --in-process: the server writes a CPU profile of its whole life here."`
	MemProfile   string `name:"memprofile" type:"path" help:"With --in-process: likewise what it allocated."`
}

// The limits that one address meets: a driver is one address, a country is not. Both are raised for the run, by name, in its report.
const (
	codesPerAddress    = 1_000_000_000
	requestsPerAddress = 1_000_000
)

// bench is a running server with people.
type bench struct {
	*rig.Rig
	setup
	more       []service.Settings
	options    population.Options
	durability store.Durability
	idle       int64 // memory at rest, bytes
	drop       func()

	// What a measurement needs beyond people: other settings, and what is made in the database before the server starts. May be nil.
	change func(*app.Settings)
	also   func(context.Context, *app.App) error
}

// open makes the server ready. more are registered beside the service that signs in over OpenID Connect.
func (s setup) open(ctx context.Context, more ...service.Settings) (*bench, error) {
	b := s.bench(more...)
	return b, b.ready(ctx)
}

// bench is one that is not ready yet.
func (s setup) bench(more ...service.Settings) *bench {
	return &bench{setup: s, more: more, drop: func() {}, options: population.Options{Email: s.Email, Today: today()}}
}

func (b *bench) ready(ctx context.Context) error {
	err := b.prepare(ctx)
	if err != nil {
		b.close()
	}
	return err
}

func (b *bench) prepare(ctx context.Context) (err error) {
	if b.Data == "" {
		if b.Data, b.drop, err = rig.Folder(); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(b.Data, 0o755); err != nil {
		return err
	}
	if b.Binary == "" && !b.InProcess {
		if b.Binary, err = rig.Build(ctx, b.Data); err != nil {
			return err
		}
	}
	b.Rig, err = rig.New(ctx, rig.Options{Dir: b.Data, Driver: b.Database, Binary: b.Binary, Mail: b.Email, Services: b.more, Change: func(a *app.Settings) {
		a.Policy.CodesPerAddress, a.RequestsPerAddress = codesPerAddress, requestsPerAddress
		a.Policy.Argon2Time, a.Policy.Argon2MemoryKiB = b.Argon2Time, b.Argon2Memory
		if b.change != nil {
			b.change(a)
		}
	}})
	if err != nil {
		return err
	}
	b.Service.Scope = "openid profile nif offline_access"
	if err := b.With(ctx, b.fill); err != nil {
		return err
	}
	if b.also != nil {
		if err := b.With(ctx, func(node *app.App) error { return b.also(ctx, node) }); err != nil {
			return err
		}
	}
	if err := b.start(ctx); err != nil {
		return err
	}
	time.Sleep(3 * time.Second) // at rest: what the start needed has been given back
	b.idle, _, err = rig.Memory(b.Server.PID())
	return err
}

// today is the day whose residents are made; a kept folder was made on an earlier one, and only documents' ends depend on it.
func today() time.Time { return time.Now().UTC().Truncate(24 * time.Hour) }

// fill registers whoever is missing. A folder that was interrupted half way is not used again.
func (b *bench) fill(node *app.App) error {
	ctx := context.Background()
	var err error
	if b.durability, err = node.DB.Durability(ctx); err != nil {
		return err
	}
	mark := filepath.Join(b.Dir, "people")
	want := fmt.Sprintf("%d people, %d sign in, argon2id t=%d m=%d, e-mail %t\n", b.People, b.Signers, b.Argon2Time, b.Argon2Memory, b.Email)
	have, err := os.ReadFile(mark)
	switch {
	case err == nil && string(have) == want:
		return nil
	case err == nil:
		return fmt.Errorf("%s holds %s", b.Dir, have)
	}
	began := time.Now()
	if err := population.Seed(ctx, node, 0, b.Signers, false, b.options); err != nil {
		return err
	}
	if err := population.Seed(ctx, node, b.Signers, b.People, true, b.options); err != nil {
		return err
	}
	fmt.Printf("registered %d people in %.1f s\n", b.People, time.Since(began).Seconds())
	if err := settled(ctx, node); err != nil {
		return err
	}
	return os.WriteFile(mark, []byte(want), 0o600)
}

// settled waits until the registrations have their place in the audit log: a server that has just taken in a country is not one at rest.
func settled(ctx context.Context, node *app.App) error {
	node.Start()
	for {
		var tail audit.Tail
		err := node.DB.View(ctx, func(tx *store.Tx) (err error) {
			tail, err = tx.UnsealedTail()
			return err
		})
		if err != nil || tail.Count == 0 {
			return err
		}
		if err := wait(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

func (b *bench) start(ctx context.Context) error {
	if !b.InProcess {
		return b.Start(ctx)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	args := []string{"server", "--config", b.Config()}
	if b.CPUProfile != "" {
		args = append(args, "--cpuprofile", b.CPUProfile)
	}
	if b.MemProfile != "" {
		args = append(args, "--memprofile", b.MemProfile)
	}
	return b.Run(ctx, self, args...)
}

// close ends the server in good order, so that it can write its profile.
func (b *bench) close() {
	if b.Rig != nil {
		if b.Server != nil {
			if err := b.Stop(); err != nil {
				fmt.Println("the server did not end well:", err)
			}
		}
		b.Close()
	}
	b.drop()
}

// describe prints what was measured, before any figure.
func (b *bench) describe() {
	p := credential.Policy{Argon2Time: b.Argon2Time, Argon2MemKB: b.Argon2Memory}.Defaults()
	row := func(name, format string, args ...any) { fmt.Printf("%-18s %s\n", name, fmt.Sprintf(format, args...)) }
	row("machine", "%d cores, %s, %s/%s; the driver runs on the same cores", runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	row("database", "%s", b.Database)
	row("durability", "%s", spoken(b.durability))
	row("", "the store asks each connection for these when it opens it, and refuses one that would answer before the disk does")
	row("argon2id", "t=%d m=%d KiB p=1, behind HMAC-SHA-256 with the keystore's key", p.Argon2Time, p.Argon2MemKB)
	row("people", "%d; %d of them sign in, with PINs stored as above; the PINs of the others, who never do, are stored with t=1 m=8 KiB", b.People, b.Signers)
	row("limits raised", "codes_per_address %d → %d, requests_per_address 50 → %d: the driver is one address",
		credential.Policy{}.Defaults().CodesPerAddress, codesPerAddress, requestsPerAddress)
	row("idle memory", "%.1f MiB resident, 3 s after the start", float64(b.idle)/(1<<20))
}
