package pki_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"chave/internal/core/certificate"
	"chave/internal/core/citizen"
	"chave/internal/outside/keystore"
	"chave/internal/outside/keystore/keystoretest"
	authority "chave/internal/outside/pki"
	"chave/internal/outside/store"
	"chave/internal/outside/store/storetest"
	"chave/internal/wire/pki"
)

// rig is an authority over a real database and keystore, served on loopback. Its clock is real, because the judges' is.
type rig struct {
	*authority.Authority
	t      *testing.T
	db     *store.DB
	vault  keystore.Store
	server *httptest.Server
	dir    string
	mu     sync.Mutex
	drift  time.Duration
	ahead  time.Duration
}

func serve(t *testing.T, alg string) *rig {
	t.Helper()
	r := &rig{t: t, dir: t.TempDir()}
	vault := keystoretest.Open(t)
	r.vault = vault
	r.db = storetest.SQLite(t, storetest.WithVault(vault), storetest.WithNow(r.now))
	mux := http.NewServeMux()
	r.server = httptest.NewServer(mux)
	t.Cleanup(r.server.Close)
	r.Authority = r.node(alg)
	(&pki.Provider{Authority: r.Authority, Log: slog.New(slog.DiscardHandler)}).Mount(mux)
	return r
}

func (r *rig) node(alg string) *authority.Authority {
	r.t.Helper()
	profiles, err := authority.Settings{Address: r.server.URL, RootAlg: alg, IssuingAlg: alg, OCSPAlg: alg, TSAAlg: alg}.Check()
	if err != nil {
		r.t.Fatal(err)
	}
	return &authority.Authority{
		Do: store.In[certificate.Tx](r.db), View: store.InView[certificate.Tx](r.db), Keys: r.vault, Profiles: profiles, Now: r.now, Rand: rand.Reader,
		Log: slog.New(slog.DiscardHandler), MakesRoot: true,
		Drift: func() (time.Duration, error) { r.mu.Lock(); defer r.mu.Unlock(); return r.drift, nil },
	}
}

func (r *rig) now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Now().Add(r.ahead).UTC()
}

func (r *rig) drifts(by time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drift = by
}

func (r *rig) issue() certificate.Issued {
	r.t.Helper()
	_, public, err := r.vault.NewSigningKey("ES256")
	if err != nil {
		r.t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		r.t.Fatal(err)
	}
	issued, err := r.Issue(context.Background(), certificate.Subject{
		Person: citizen.Person{
			ID: "person-1", GivenNames: "Benedita", Surnames: "Farol Azevinho", BirthDate: citizen.Date{Year: 1990, Month: 5, Day: 6}, NIC: "99000017",
			Documents: []citizen.Document{{Type: citizen.CitizenCard, Country: citizen.Portugal, Number: "990000175ZX7"}},
		},
		Public: der, NotAfter: r.now().AddDate(2, 0, 0),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return issued
}

func (r *rig) change(serial string, to certificate.State, reason certificate.Reason) {
	r.t.Helper()
	err := r.db.Do(context.Background(), func(tx *store.Tx) error {
		return certificate.Apply(tx, certificate.Change{Serial: serial, To: to, Reason: reason, At: r.now(), Rand: rand.Reader})
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// file writes certificates in PEM and gives the path.
func (r *rig) file(name string, ders ...[]byte) string {
	r.t.Helper()
	var b bytes.Buffer
	for _, der := range ders {
		if err := pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
			r.t.Fatal(err)
		}
	}
	return r.raw(name, b.Bytes())
}

func (r *rig) raw(name string, content []byte) string {
	r.t.Helper()
	path := filepath.Join(r.dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		r.t.Fatal(err)
	}
	return path
}

// get fetches an address that stands in a certificate.
func (r *rig) get(address, kind string) []byte {
	r.t.Helper()
	res, err := http.Get(address)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != kind {
		r.t.Fatalf("%s: %d, %s, %v", address, res.StatusCode, res.Header.Get("Content-Type"), err)
	}
	return body
}

func (r *rig) post(path, kind string, body []byte) (int, []byte) {
	r.t.Helper()
	res, err := http.Post(r.server.URL+path, kind, bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return res.StatusCode, answer
}

// openssl is the judge. It was not written by us.
func (r *rig) openssl(args ...string) (string, error) {
	r.t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		if os.Getenv("CI") == "true" {
			r.t.Fatal("openssl is not installed, and CI=true allows no skips")
		}
		r.t.Skip("openssl is not installed (Debian package openssl)")
	}
	out, err := exec.CommandContext(r.t.Context(), path, args...).CombinedOutput()
	return string(out), err
}

func (r *rig) says(want string, args ...string) {
	r.t.Helper()
	out, err := r.openssl(args...)
	if err != nil || !strings.Contains(out, want) {
		r.t.Errorf("openssl %s: %v\n%s\nwant %q", strings.Join(args, " "), err, out, want)
	}
}
