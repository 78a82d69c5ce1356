package pki

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"chave/internal/core/certificate"
	"chave/internal/core/fault"
)

// Keys makes private keys and lends them; sealed blobs open only there. It is the keystore.
type Keys interface {
	NewSigningKey(alg string) (sealed []byte, public crypto.PublicKey, err error)
	Signer(sealed []byte) (crypto.Signer, error)
}

// Authority issues, answers, lists and stamps. All fields but the last four are required. It may be used concurrently; many nodes may have one each over one table.
type Authority struct {
	Do       func(ctx context.Context, fn func(certificate.Tx) error) error // fn may be run again
	View     func(ctx context.Context, fn func(certificate.Tx) error) error
	Keys     Keys
	Profiles *Profiles
	Now      func() time.Time
	Rand     io.Reader
	Log      *slog.Logger

	// MakesRoot lets Ensure make a whole hierarchy out of nothing, whose root key is forgotten at once: for the demo and tests. Elsewhere a root is made by a ceremony.
	MakesRoot bool
	// Drift tells how far this machine's clock is from UTC; nil when nobody can say. Timestamps stop beyond MaxDrift (S10).
	Drift    func() (time.Duration, error)
	MaxDrift time.Duration // 1 second
	// Refresh is how long a read of the table of authorities is trusted; 30 seconds. Status is never remembered.
	Refresh time.Duration

	mu        sync.Mutex
	house     *house
	lent      map[string]crypto.Signer // by authority
	throwaway map[string]crypto.Signer // by sort of key
	making    *making
	answers   map[string]remembered
	lists     map[string]list
}

// house is the table of authorities as it was read.
type house struct {
	read time.Time
	all  []member // oldest first
}

// member is one authority, its certificates read.
type member struct {
	certificate.Authority
	cert  *x509.Certificate
	chain []*x509.Certificate
}

// skew is how far the clocks of two nodes may lie apart: what one has just made is not from the future for the other.
const skew = 5 * time.Minute

func (m member) lives(now time.Time) bool {
	return !now.Add(skew).Before(m.cert.NotBefore) && now.Before(m.cert.NotAfter)
}

func (h *house) active(role certificate.Role, now time.Time) (member, bool) {
	for _, m := range h.all {
		if m.Role == role && m.Active && m.lives(now) {
			return m, true
		}
	}
	return member{}, false
}

func (h *house) byID(id string) (member, bool) {
	for _, m := range h.all {
		if m.ID == id {
			return m, true
		}
	}
	return member{}, false
}

// newestUnder is the newest living authority of a role that an issuer certified: a responder answers for its own issuer only, and goes on doing so after a rollover.
func (h *house) newestUnder(issuer string, role certificate.Role, now time.Time) (member, bool) {
	for i := len(h.all) - 1; i >= 0; i-- {
		if m := h.all[i]; m.Role == role && m.Issuer == issuer && m.lives(now) {
			return m, true
		}
	}
	return member{}, false
}

func (h *house) count(role certificate.Role) int {
	n := 0
	for _, m := range h.all {
		if m.Role == role {
			n++
		}
	}
	return n
}

// known reads the table, unless it was read at most trust ago.
func (a *Authority) known(ctx context.Context, trust time.Duration) (*house, error) {
	now := a.Now()
	a.mu.Lock()
	h := a.house
	a.mu.Unlock()
	if h != nil {
		if age := now.Sub(h.read); age >= 0 && age < trust {
			return h, nil
		}
	}
	var rows []certificate.Authority
	err := a.View(ctx, func(tx certificate.Tx) (err error) {
		rows, err = tx.Authorities()
		return err
	})
	if err != nil {
		return nil, err
	}
	h = &house{read: now}
	for _, row := range rows {
		m, err := open(row)
		if err != nil {
			return nil, fault.New(fault.InternalError).Because(err)
		}
		h.all = append(h.all, m)
	}
	a.mu.Lock()
	a.house = h
	a.mu.Unlock()
	return h, nil
}

func open(row certificate.Authority) (member, error) {
	m := member{Authority: row}
	var err error
	if m.cert, err = x509.ParseCertificate(row.Cert); err != nil {
		return m, fmt.Errorf("certificate of authority %s: %w", row.ID, err)
	}
	for _, der := range row.Chain {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return m, fmt.Errorf("chain of authority %s: %w", row.ID, err)
		}
		m.chain = append(m.chain, c)
	}
	return m, nil
}

func (a *Authority) refresh() time.Duration {
	if a.Refresh == 0 {
		return 30 * time.Second
	}
	return a.Refresh
}

// acting is the authority that does a role's work now. One that is missing is made where that is possible without a root's key; whoever asks waits for it.
func (a *Authority) acting(ctx context.Context, role certificate.Role) (member, error) {
	for try := 0; ; try++ {
		h, err := a.known(ctx, a.refresh())
		if err != nil {
			return member{}, err
		}
		if m, ok := h.active(role, a.Now()); ok {
			return m, nil
		}
		if try > 0 {
			return member{}, fault.New(fault.AuthorityMissing).Because(fmt.Errorf("no active %s authority", role))
		}
		if err := a.Ensure(ctx); err != nil {
			return member{}, err
		}
	}
}

// signer lends an authority's key, once per process: opening costs more than signing. It refuses one that is not the certificate's: whoever can write to the table could
// have put another of our keys there.
func (a *Authority) signer(m member) (*signerOf, error) {
	a.mu.Lock()
	key, ok := a.lent[m.ID]
	a.mu.Unlock()
	if !ok {
		var err error
		if key, err = a.Keys.Signer(m.Sealed); err != nil {
			return nil, fault.New(fault.KeystoreUnavailable).Because(fmt.Errorf("open key of authority %s: %w", m.ID, err))
		}
		same, comparable := m.cert.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
		if !comparable || !same.Equal(key.Public()) {
			return nil, fault.New(fault.InternalError).Because(fmt.Errorf("authority %s: certificate and key do not belong together", m.ID))
		}
		a.mu.Lock()
		if a.lent == nil {
			a.lent = map[string]crypto.Signer{}
		}
		a.lent[m.ID] = key
		a.mu.Unlock()
	}
	return &signerOf{id: m.ID, cert: m.cert, key: key}, nil
}

// failed forgets a lent key whose module did not sign, so that the next call opens it anew, and says so as a fault.
func (a *Authority) failed(id string, err error) error {
	a.mu.Lock()
	delete(a.lent, id)
	a.mu.Unlock()
	var known *fault.Error
	if errors.As(err, &known) {
		return err
	}
	return fault.New(fault.KeystoreUnavailable).Because(err)
}

// throwawayLike is a key of the same sort, made once per process.
func (a *Authority) throwawayLike(public crypto.PublicKey) (crypto.Signer, error) {
	sort := algorithmFor(public).String()
	a.mu.Lock()
	defer a.mu.Unlock()
	if key, ok := a.throwaway[sort]; ok {
		return key, nil
	}
	key, err := newThrowaway(public)
	if err != nil {
		return nil, err
	}
	if a.throwaway == nil {
		a.throwaway = map[string]crypto.Signer{}
	}
	a.throwaway[sort] = key
	return key, nil
}

// Roots are the certificates to trust, newest first. Older ones stay: what was signed below them is still to be checked.
func (a *Authority) Roots(ctx context.Context) ([]*x509.Certificate, error) {
	if _, err := a.acting(ctx, certificate.Issuing); err != nil {
		return nil, err
	}
	h, err := a.known(ctx, a.refresh())
	if err != nil {
		return nil, err
	}
	var all []*x509.Certificate
	for i := len(h.all) - 1; i >= 0; i-- {
		if h.all[i].Role == certificate.Root {
			all = append(all, h.all[i].cert)
		}
	}
	return all, nil
}

// Chain is the authority that issues people's certificates now, and its root.
func (a *Authority) Chain(ctx context.Context) ([]*x509.Certificate, error) {
	m, err := a.acting(ctx, certificate.Issuing)
	if err != nil {
		return nil, err
	}
	return append([]*x509.Certificate{m.cert}, m.chain...), nil
}

// TimestampCertificate is that of the timestamp authority, for who wants to pin it.
func (a *Authority) TimestampCertificate(ctx context.Context) (*x509.Certificate, error) {
	m, err := a.acting(ctx, certificate.TSA)
	return m.cert, err
}

// CertificateOf is an authority's certificate in DER, for its address; fault.CertificateUnknown.
func (a *Authority) CertificateOf(ctx context.Context, id string) ([]byte, error) {
	m, err := a.lookup(ctx, id)
	return m.Cert, err
}

// lookup finds an authority by its id. An id that is not known is looked for in the table at most once a second, so that made-up ones cost nobody anything.
func (a *Authority) lookup(ctx context.Context, id string) (member, error) {
	for _, trust := range []time.Duration{a.refresh(), time.Second} {
		h, err := a.known(ctx, trust)
		if err != nil {
			return member{}, err
		}
		if m, ok := h.byID(id); ok {
			return m, nil
		}
	}
	return member{}, fault.New(fault.CertificateUnknown)
}
