package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"chave/demo/attributes"
	"chave/demo/civilregistry"
	"chave/demo/landing"
	"chave/demo/people"
	"chave/demo/phone"
	"chave/demo/service"
	"chave/demo/services"
	"chave/internal/app"
)

// demoCommand is a country in a box: the server itself with made-up people, on loopback only.
type demoCommand struct {
	Port         int    `default:"8080" help:"Portal and issuer; 0 picks a free port."`
	TesterPort   int    `default:"8090" help:"Phone page and tester's door; 0 picks a free port."`
	ServicesPort int    `default:"8101" help:"First of the five services' ports; 0 picks free ones."`
	Data         string `type:"path" help:"Keep the state in this folder. Without it, a temporary one, gone at exit."`
	TLS          bool   `name:"tls" help:"Serve everything over HTTPS with a CA made at start (GET /certs on the tester's port)."`
	ReadyFile    string `type:"path" help:"Write the addresses to this file, as JSON, once everything answers."`
	Verbose      bool   `short:"v" help:"Log every request."`
}

// country is the running demo.
type country struct {
	cmd     demoCommand
	clock   *app.Clock
	log     *slog.Logger
	dir     string
	root    []byte
	ca      *authority
	client  *http.Client
	sites   map[string]*site
	base    map[string]string // origin by site name
	regs    []services.Registration
	day     time.Time // the day the people were made for: moving the clock does not move their birthdays along
	node    atomic.Pointer[app.App]
	restart sync.Mutex

	mailPort int
	parties  []*service.Service
	standins *attributes.Server              // for bodies that hold attributes
	manners  map[string]attributes.Behaviour // how they behaved at first
	warnings []string                        // groups of residents that a service shuts out
}

func (c *demoCommand) Run(ctx context.Context, s streams) (err error) {
	logLevel := slog.LevelWarn
	if c.Verbose {
		logLevel = slog.LevelInfo
	}
	d := &country{
		cmd: *c, clock: new(app.Clock), sites: map[string]*site{}, base: map[string]string{},
		log: slog.New(slog.NewTextHandler(s.Err, &slog.HandlerOptions{Level: logLevel})),
	}
	clean, err := d.prepare(ctx)
	defer clean()
	if err != nil {
		return err
	}
	stop, err := d.start(ctx)
	defer stop()
	if err != nil {
		return err
	}
	if c.ReadyFile != "" {
		if err := d.writeReady(c.ReadyFile); err != nil {
			return err
		}
	}
	d.greet(s.Out)
	<-ctx.Done()
	return nil
}

// prepare opens the folder, the root key and the ports.
func (d *country) prepare(ctx context.Context) (clean func(), err error) {
	clean = func() {}
	zone, err := time.LoadLocation("Europe/Lisbon")
	if err != nil {
		return clean, err
	}
	d.day = time.Now().In(zone)
	if d.cmd.Data == "" {
		if d.dir, err = os.MkdirTemp("", "chave-demo-"); err != nil {
			return clean, err
		}
		clean = func() { _ = os.RemoveAll(d.dir) }
	} else {
		d.dir = d.cmd.Data
		if err := os.MkdirAll(d.dir, 0o700); err != nil {
			return clean, err
		}
	}
	pairs := d.pairs()
	if d.root, err = demoSecret(filepath.Join(d.dir, "demo.root")); err != nil {
		return clean, err
	}
	if d.cmd.TLS {
		if d.ca, err = newAuthority(time.Now()); err != nil {
			return clean, err
		}
	}
	d.client = d.httpClient()
	ports := map[string]int{"portal": d.cmd.Port, "tester": d.cmd.TesterPort, "gateway": 0, "registry": 0, "attributes": 0, "pki": 0}
	for i, name := range services.Names() {
		if ports[name] = d.cmd.ServicesPort; d.cmd.ServicesPort != 0 {
			ports[name] += i
		}
	}
	for name, port := range ports {
		if d.sites[name], err = listen(ctx, port); err != nil {
			return clean, err
		}
		scheme := "http"
		if d.cmd.TLS && name != "gateway" && name != "registry" && name != "attributes" && name != "pki" {
			scheme = "https"
		}
		d.base[name] = fmt.Sprintf("%s://localhost:%d", scheme, d.sites[name].port)
	}
	return clean, d.register(pairs)
}

// register fills in the five services' registrations: addresses of this start, secrets and keys of this folder.
func (d *country) register(pairs func(name string) (services.Pair, error)) error {
	for _, name := range services.Names() {
		secret, err := demoSecret(filepath.Join(d.dir, "service-"+name+".secret"))
		if err != nil {
			return err
		}
		own := services.Own{Base: d.base[name], Secret: base64.RawURLEncoding.EncodeToString(secret)}
		if own.Pair, err = pairs(name); err != nil {
			return err
		}
		reg, err := services.Load(name, own)
		if err != nil {
			return err
		}
		d.regs = append(d.regs, reg)
	}
	return nil
}

func (d *country) httpClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil // everything is on this machine
	if d.ca != nil {
		transport.TLSClientConfig = d.ca.clientConfig()
	}
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

// start brings everything up, inside out: the registry and the phone first, for the server asks and tells them.
func (d *country) start(ctx context.Context) (stop func(), err error) {
	var closers []func()
	stop = func() {
		for i := len(closers) - 1; i >= 0; i-- {
			closers[i]()
		}
	}
	serve := func(name string, handler http.Handler, secure bool) {
		server := httpServer(handler, d.log)
		server.WriteTimeout = 0 // the phone page stays open to hear of new messages
		closers = append(closers, func() { _ = server.Close() })
		if secure && d.ca != nil {
			d.sites[name].serve(server, &d.ca.Certificate)
			return
		}
		d.sites[name].serve(server, nil)
	}
	registrySecret, err := demoSecret(filepath.Join(d.dir, "registry.secret"))
	if err != nil {
		return stop, err
	}
	registry, err := civilregistry.New(civilregistry.Config{People: d.records, Secret: string(registrySecret), Now: d.clock.Now})
	if err != nil {
		return stop, err
	}
	serve("registry", registry, false)
	if err := d.openSources(); err != nil {
		return stop, err
	}
	serve("attributes", d.standins, false)

	inbox, err := d.phone()
	if err != nil {
		return stop, err
	}
	mail, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return stop, err
	}
	closers = append(closers, func() { _ = inbox.Close() })
	go func() { _ = inbox.ServeSMTP(mail) }()
	serve("gateway", inbox, false)

	node, err := d.compose(ctx, mail.Addr().(*net.TCPAddr).Port)
	if err != nil {
		return stop, err
	}
	d.node.Store(node)
	closers = append(closers, func() { _ = d.node.Load().Close() })
	serve("portal", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { d.node.Load().Handler().ServeHTTP(w, r) }), true)
	// Whoever checks a certificate asks over plain HTTP, as everywhere: the answers are signed, and asking over TLS would go round in a circle.
	serve("pki", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/pki/") {
			http.NotFound(w, r)
			return
		}
		d.node.Load().Handler().ServeHTTP(w, r)
	}), false)
	for i, name := range services.Names() {
		party, err := d.relyingParty(i)
		if err != nil {
			return stop, err
		}
		d.parties = append(d.parties, party)
		serve(name, party, true)
	}
	serve("tester", inbox, true) // last, for its pages and its door ask the node: who comes early waits
	return stop, nil
}

func (d *country) relyingParty(i int) (*service.Service, error) {
	return service.New(service.Config{
		Registration: d.regs[i], Issuer: d.base["portal"], HTTPClient: d.client, Now: d.clock.Now, Home: d.base["tester"] + "/country", Log: d.log,
		PushRequests: i%2 == 0, // some push their requests and some do not, as in life
	})
}

func (d *country) phone() (*phone.Server, error) {
	front, err := landing.New(landing.Config{
		Portal: d.base["portal"] + "/", Issuer: d.base["portal"], Services: d.regs, Now: d.clock.Now, People: d.people, Log: d.log,
		Certificates: func(ctx context.Context) (landing.Certificates, error) {
			c, err := d.certificates(ctx)
			return landing.Certificates{FA: c.SAML, Standard: c.StandardSAML}, err
		},
		Sources: func(ctx context.Context) (all []landing.Source, err error) {
			list, err := d.listSources(ctx)
			for _, one := range list {
				all = append(all, landing.Source{Name: one.Source, Behaviour: one.Behaviour})
			}
			return all, err
		},
	})
	if err != nil {
		return nil, err
	}
	return phone.New(phone.Config{
		People: func(context.Context) ([]people.Published, error) {
			list, err := d.people()
			return people.Publish(list), err
		},
		Services: func(context.Context) ([]services.Published, error) {
			var all []services.Published
			for _, r := range d.regs {
				all = append(all, r.Publish())
			}
			return all, nil
		},
		AdvanceClock: func(_ context.Context, by time.Duration) (time.Time, error) { return d.clock.Advance(by), nil },
		Reset:        d.reset,
		SigningReady: func(ctx context.Context) error { return d.node.Load().SigningReady(ctx) },
		Settle: func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
			defer cancel()
			return d.node.Load().Settle(ctx)
		},
		Certificates: d.certificates, Sources: d.listSources, SetSource: d.setSource,
		Now: d.clock.Now, Portal: d.base["portal"], Landing: front, Log: d.log,
	})
}

// pki is where certificates' status and timestamps are asked for: over plain HTTP, so with --tls on a port of its own.
func (d *country) pki() string {
	if d.ca == nil {
		return d.base["portal"]
	}
	return d.base["pki"]
}

func (d *country) writeReady(path string) error {
	type named struct {
		Name string `json:"name"`
		URL  string `json:"url"`
	}
	ready := struct {
		Portal   string  `json:"portal"`
		Issuer   string  `json:"issuer"`
		Tester   string  `json:"tester"`
		TSA      string  `json:"tsa"` // RFC 3161, over plain HTTP
		Services []named `json:"services"`
	}{Portal: d.base["portal"], Issuer: d.base["portal"], Tester: d.base["tester"], TSA: d.pki() + "/pki/tsa"}
	for _, r := range d.regs {
		ready.Services = append(ready.Services, named{r.Publish().Name, r.Publish().URL})
	}
	data, err := json.MarshalIndent(ready, "", "  ")
	if err != nil {
		return err
	}
	// Written beside under a name nobody can guess, and renamed: whoever waits for the file never reads half of it, and no link that somebody planted is followed.
	f, err := os.CreateTemp(filepath.Dir(path), ".chave-ready-*")
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// demoSecret reads or makes a secret of the demo's folder. Its form is not a root key file's, so `serve` refuses a demo's keys, and without them
// the demo's database is noise.
func demoSecret(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		// 160 bits. The file holds exactly what is used, because the server reads the registry's secret from it by itself.
		data = []byte((rand.Text() + rand.Text())[:32])
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		return nil, err
	}
	if len(data) < 32 {
		return nil, fmt.Errorf("%s is damaged: remove the folder to start over", path)
	}
	return data[:32], nil
}

func (d *country) greet(out io.Writer) {
	fmt.Fprintf(out, "\n  Chave: a country in a box. Everybody in it is made up.\n\n")
	fmt.Fprintf(out, "  Begin here   %s/country   map, people, what to try\n", d.base["tester"])
	fmt.Fprintf(out, "  Portal       %s\n  Counter      %s/counter\n  Phone        %s\n\n", d.base["portal"], d.base["portal"], d.base["tester"])
	for _, r := range d.regs {
		fmt.Fprintf(out, "  %-28s %s\n", r.Name.EN, r.Publish().URL)
	}
	for _, w := range d.warnings {
		fmt.Fprintf(out, "\n  Warning: %s\n", w)
	}
	list, err := d.people()
	if err == nil && len(list) > 0 {
		fmt.Fprintf(out, "\n  Try: open the hospital, sign in as %s with %s and PIN %s; the code is on the phone.\n",
			list[0].GivenNames, list[0].Phone, list[0].PIN)
	}
	fmt.Fprintf(out, "  Stop with Ctrl-C; nothing is kept unless --data says where.\n\n")
}
