package pki_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"io"
	"log/slog"
	"os/exec"
	"sync"
	"testing"
	"time"

	"chave/internal/core/certificate"
	"chave/internal/core/citizen"
	"chave/internal/outside/pki"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"
)

// keys is a keystore for tests: packages of the outside do not import each other. Sealed is a number.
type keys struct {
	mu     sync.Mutex
	made   []crypto.Signer
	broken error
	signed func() // called before each signature
}

// fail makes every use fail, as a module does that was unplugged; nil plugs it in again.
func (k *keys) fail(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.broken = err
}

// lent is a key of the keystore's.
type lent struct {
	crypto.Signer
	from *keys
}

func (l lent) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	l.from.mu.Lock()
	broken, hook := l.from.broken, l.from.signed
	l.from.mu.Unlock()
	if broken != nil {
		return nil, broken
	}
	if hook != nil {
		hook()
	}
	return l.Signer.Sign(random, digest, opts)
}

func (k *keys) NewSigningKey(alg string) ([]byte, crypto.PublicKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.broken != nil {
		return nil, nil, k.broken
	}
	key, err := pki.NewRootKey(alg)
	if err != nil {
		return nil, nil, err
	}
	k.made = append(k.made, key)
	return []byte{byte(len(k.made))}, key.Public(), nil
}

func (k *keys) Signer(sealed []byte) (crypto.Signer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.broken != nil {
		return nil, k.broken
	}
	return lent{k.made[sealed[0]-1], k}, nil
}

// house is one installation: a database, a keystore and a clock.
type house struct {
	db    *store.DB
	keys  *keys
	mu    sync.Mutex
	now   time.Time
	conf  pki.Settings
	roots bool
}

func open(t testing.TB, options ...storetest.Option) *house {
	t.Helper()
	h := &house{
		keys: &keys{}, now: storetest.Epoch(), roots: true,
		conf: pki.Settings{Address: "http://id.example", RootAlg: "ES256", IssuingAlg: "ES256", OCSPAlg: "ES256", TSAAlg: "ES256"},
	}
	h.db = storetest.SQLite(t, append(options, storetest.WithNow(h.clock))...)
	return h
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func (h *house) node(t testing.TB) *pki.Authority {
	t.Helper()
	profiles, err := h.conf.Check()
	if err != nil {
		t.Fatal(err)
	}
	return &pki.Authority{
		Do: store.In[certificate.Tx](h.db), View: store.InView[certificate.Tx](h.db), Keys: h.keys, Profiles: profiles, Now: h.clock, Rand: rand.Reader,
		Log: slog.New(slog.DiscardHandler), MakesRoot: h.roots,
	}
}

func (h *house) change(t *testing.T, serial string, to certificate.State, reason certificate.Reason) {
	t.Helper()
	err := h.db.Do(context.Background(), func(tx *store.Tx) error {
		return certificate.Apply(tx, certificate.Change{Serial: serial, To: to, Reason: reason, At: h.clock(), Rand: rand.Reader})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func resident() citizen.Person {
	return citizen.Person{
		ID: "person-1", GivenNames: "Aurélia", Surnames: "Quitéria Bandeirinha", BirthDate: citizen.Date{Year: 1981, Month: time.February, Day: 3},
		Nationality: "AFG", Documents: []citizen.Document{{Type: citizen.Passport, Country: "AFG", Number: "ABC123456"}},
	}
}

// personal is a key as the vault would have made it.
func personal(t testing.TB) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func subject(t testing.TB, who citizen.Person, until time.Time) certificate.Subject {
	t.Helper()
	return certificate.Subject{Person: who, Public: personal(t), NotAfter: until}
}

func issue(t testing.TB, h *house, a *pki.Authority) certificate.Issued {
	t.Helper()
	issued, err := a.Issue(context.Background(), subject(t, resident(), h.clock().AddDate(2, 0, 0)))
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

func parse(t testing.TB, der []byte) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// tool runs a judge that was not written by us, or skips by name.
func tool(t *testing.T, stdin []byte, name string, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed (Debian package openssl)", name)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stdin = bytes.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return string(out), err
}
