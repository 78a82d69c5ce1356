package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // days end in Europe/Lisbon (R1.26), also on a machine without zone files

	"chave/internal/cookie"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/enrol"
	"chave/internal/core/login"
	"chave/internal/core/message"
	"chave/internal/core/random"
	"chave/internal/core/service"
	"chave/internal/core/signing"
	"chave/internal/core/signkey"
	"chave/internal/outside/keystore"
	"chave/internal/outside/pki"
	"chave/internal/outside/store"
	"chave/internal/page/ui"
	"chave/internal/text"
	"chave/internal/wire/faoauth"
	"chave/internal/wire/oidc"
)

// Config is what New composes from. Settings must have passed Check.
type Config struct {
	Settings Settings
	Log      *slog.Logger
	Now      func() time.Time
	Root     []byte // the keystore's root, instead of Settings.Keystore, for the demo and tests
	Demo     bool   // made-up people: says so on every page
	// Secure says that people reach us over HTTPS: cookies say so too.
	Secure bool
	// HTTP reaches services (back-channel logout) and the registry; nil is a client of our own.
	HTTP *http.Client
}

// App is one composed node. Any node serves any step: it keeps nothing that another node would need.
type App struct {
	Log      *slog.Logger
	Now      func() time.Time
	Zone     *time.Location
	Settings Settings
	Vault    keystore.Store
	DB       *store.DB
	Texts    *text.Catalogue
	Site     *ui.Site
	Jar      cookie.Jar
	Policy   credential.Policy
	Hasher   credential.Hasher
	Login    *login.Service
	Enrol    *enrol.Service
	Outbox   *message.Dispatcher
	Signing  *signing.Service
	PKI      *pki.Authority

	rand      io.Reader
	secure    bool
	metrics   *metrics
	handler   http.Handler
	keys      *signkey.Service
	faKeys    *signkey.Service
	samlKeys  *signkey.Service
	fieldKeys *fieldKeys
	signers   *signers
	oauth     *faoauth.Provider
	notices   *oidc.Notifier
	work      sync.WaitGroup
	stop      context.CancelFunc
}

// New opens the store and composes everything. It starts no background work: Start does.
func New(ctx context.Context, c Config) (*App, error) {
	zone, err := time.LoadLocation("Europe/Lisbon")
	if err != nil {
		return nil, fmt.Errorf("load the country's time zone: %w", err)
	}
	a := &App{
		Log: c.Log, Now: c.Now, Zone: zone, Settings: c.Settings, rand: rand.Reader, secure: c.Secure,
		Jar: cookie.Jar{Secure: c.Secure}, metrics: newMetrics(), Policy: c.Settings.policy(zone),
	}
	if a.Vault, err = openVault(c); err != nil {
		return nil, err
	}
	if a.Texts, err = text.Load(); err != nil {
		return nil, fmt.Errorf("load texts: %w", err)
	}
	if a.DB, err = openStore(ctx, c, a.Vault); err != nil {
		return nil, err
	}
	if err := a.compose(ctx, c); err != nil {
		return nil, errors.Join(err, a.DB.Close())
	}
	return a, nil
}

func openVault(c Config) (keystore.Store, error) {
	if hardware := c.Settings.Keystore.PKCS11; c.Root == nil && hardware.Module != "" {
		return keystore.OpenPKCS11(keystore.PKCS11Config{Module: hardware.Module, Token: hardware.Token, PINFile: hardware.PINFile, Sessions: hardware.Sessions})
	}
	conf := keystore.Config{Root: keystore.Root{Bytes: c.Root}}
	if c.Root == nil {
		conf.Root = keystore.Root{File: c.Settings.Keystore.RootKeyFile}
	}
	for _, path := range c.Settings.Keystore.EarlierRoots {
		conf.Older = append(conf.Older, keystore.Root{File: path})
	}
	vault, err := keystore.OpenSoft(conf)
	if err != nil {
		return nil, fmt.Errorf("open keystore: %w", err)
	}
	return vault, nil
}

func openStore(ctx context.Context, c Config, vault keystore.Store) (*store.DB, error) {
	conf := store.Config{Driver: c.Settings.Database.Driver, DSN: c.Settings.Database.Path, Vault: vault, Now: c.Now, Logger: c.Log}
	if conf.Driver == store.Postgres {
		dsn, err := os.ReadFile(c.Settings.Database.DSNFile)
		if err != nil {
			return nil, fmt.Errorf("read database.dsn_file: %w", err)
		}
		conf.DSN = strings.TrimSpace(string(dsn))
	}
	db, err := store.Open(ctx, conf)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return db, nil
}

// compose makes services from stores, and muxes from services.
func (a *App) compose(ctx context.Context, c Config) error {
	if err := a.DB.Migrate(ctx); err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	a.Hasher = credential.Hasher{Vault: a.Vault, Rand: a.rand, Policy: a.Policy, Slots: credential.NewSlots(runtime.GOMAXPROCS(0))}
	sender, err := senderOf(a.Texts, c)
	if err != nil {
		return err
	}
	a.Outbox = &message.Dispatcher{
		Do: store.In[message.Tx](a.DB), Sender: sender, Now: a.Now, Log: a.Log, Worker: random.ID(a.rand),
		Batch: 100, Senders: 16, Every: time.Second, Count: a.metrics.message,
	}
	p := c.Settings.Policy
	a.Login = &login.Service{
		Do: store.In[login.Tx](a.DB), View: store.InView[login.Tx](a.DB), Hasher: a.Hasher, Policy: a.Policy,
		Times: login.Times{
			Transaction: orElse(p.TransactionTTL, 15*time.Minute), SessionMax: orElse(p.SessionMax, 12*time.Hour), SessionIdle: orElse(p.SessionIdle, time.Hour),
		},
		Now: a.Now, Rand: a.rand, Wake: a.Outbox.Wake, Log: a.Log,
		AddressKey: func(address string) []byte { return a.Vault.MAC("address", []byte(address)) },
	}
	if a.Login.Sources, err = a.sourcesOf(c); err != nil {
		return err
	}
	registry, err := registryOf(c)
	if err != nil {
		return err
	}
	minAge := 16
	if p.MinAge != nil {
		minAge = *p.MinAge
	}
	a.Enrol = &enrol.Service{
		Do: store.In[enrol.Tx](a.DB), View: store.InView[enrol.Tx](a.DB), Registry: registry, Hasher: a.Hasher, Policy: a.Policy,
		Rules: enrol.Rules{MinAge: minAge, Zone: a.Zone}.Defaults(), Now: a.Now, Rand: a.rand, Wake: a.Outbox.Wake,
	}
	if err := a.firstParties(ctx); err != nil {
		return err
	}
	if err := a.composeSigning(c, registry); err != nil {
		return err
	}
	a.bindSigning()
	a.faKeys = a.ring(ringFA, algFA, orElse(c.Settings.FA.KeyEvery, 2*365*day), 90*day)
	a.samlKeys = a.ring(ringSAML, a.samlAlg(), orElse(c.Settings.SAML.KeyEvery, 365*day), 30*day)
	return a.mount(c)
}

// firstParties keeps Chave's own areas in the registry of services, so that codes can name them like any other (R3.20).
func (a *App) firstParties(ctx context.Context) error {
	return a.DB.Do(ctx, func(tx *store.Tx) error {
		for _, own := range []service.Service{keyArea(), counterArea(), signArea()} {
			if err := tx.SaveService(own); err != nil {
				return err
			}
		}
		return nil
	})
}

func keyArea() service.Service {
	return service.Service{FirstParty: true, Settings: service.Settings{
		ID: "chave-key", Name: service.Text{"pt": "A minha chave", "en": "My key"}, Category: "key", MinLevel: service.LevelEmail,
	}}
}

func signArea() service.Service {
	return service.Service{FirstParty: true, Settings: service.Settings{
		ID: "chave-sign", Name: service.Text{"pt": "Assinar documentos", "en": "Sign documents"}, Category: "key", MinLevel: service.LevelPhone,
	}}
}

func counterArea() service.Service {
	return service.Service{FirstParty: true, Settings: service.Settings{
		ID: "chave-counter", Name: service.Text{"pt": "Balcão", "en": "Counter"}, Category: "counter", MinLevel: service.LevelPhone,
	}}
}

// Handler serves everything of this node.
func (a *App) Handler() http.Handler { return a.handler }

// Start begins the background work; Close ends it.
func (a *App) Start() {
	ctx, stop := context.WithCancel(context.Background())
	a.stop = stop
	a.work.Go(func() { a.Outbox.Run(ctx) })
	a.work.Go(func() { a.keys.Run(ctx) })
	a.work.Go(func() { a.faKeys.Run(ctx) })
	a.work.Go(func() { a.samlKeys.Run(ctx) })
	a.work.Go(func() { a.notices.Run(ctx) })
	a.work.Go(func() { a.fieldKeys.ring.Run(ctx) })
	a.work.Go(func() { a.startSigning(ctx) })
	a.startJobs(ctx)
}

// Close ends background work and closes the store. Call it once no request is being served.
func (a *App) Close() error {
	if a.stop != nil {
		a.stop()
	}
	a.work.Wait()
	return a.DB.Close()
}

// Service reads one registration.
func (a *App) Service(ctx context.Context, id string) (service.Service, error) {
	var found service.Service
	err := a.DB.View(ctx, func(tx *store.Tx) (err error) {
		found, err = tx.Service(id)
		return err
	})
	return found, err
}

// Person reads one person; for the demo's list and for admin.
func (a *App) Person(ctx context.Context, id citizen.ID) (citizen.Person, error) {
	var found citizen.Person
	err := a.DB.View(ctx, func(tx *store.Tx) (err error) {
		found, err = tx.Person(id)
		return err
	})
	return found, err
}

func orElse(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}
