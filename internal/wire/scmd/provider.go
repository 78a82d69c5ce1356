package scmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/grant"
	"chave/internal/core/service"
	"chave/internal/core/signing"
)

// Signing is the part of core/signing that these services need; *signing.Service has it.
type Signing interface {
	// FindByPhone is the person of a phone number; an empty id, and no error, when nobody has it.
	FindByPhone(ctx context.Context, typed string) (citizen.ID, error)
	SignerOf(ctx context.Context, who citizen.ID) (signing.Signer, error)
	Prepare(ctx context.Context, r signing.Request) (signing.Operation, error)
	// Outcome reads an operation, with what it gave as long as that may be asked for again.
	Outcome(ctx context.Context, ref signing.Ref) (signing.Result, error)
	Resend(ctx context.Context, ref signing.Ref) (signing.Operation, error)
	ConfirmAndSign(ctx context.Context, ref signing.Ref, code credential.Code) (signing.Result, error)
}

// Tx is what a transaction must offer to this wire.
type Tx interface {
	service.Tx
	grant.Tx
}

// Vault keys the digests of SOAP passwords, under every root that may have made one.
type Vault interface {
	KeyIDs() []string
	MACWith(keyID, label string, parts ...[]byte) ([]byte, error)
}

// FieldKeys are the RSA keys that clients of SCMDService encrypt fields to (§1.7).
type FieldKeys interface {
	// Decrypters lists one function per active key. Each takes the same time whatever is in a block; what does not fit comes out as noise, or with false.
	Decrypters(ctx context.Context) ([]func(ciphertext []byte) (plain []byte, ok bool), error)
	// Certificate is the one that clients should use now, DER.
	Certificate(ctx context.Context) ([]byte, error)
}

// Rules are the operator's choices. The zero value is the strict one; numbers that are zero are filled with those in brackets.
type Rules struct {
	LongHashes     bool          // SHA-384 and SHA-512 beside SHA-256 (§1.8)
	TellExpiry     bool          // 816 for a code that came too late, instead of 802 (§6.5)
	Batch          int           // documents in one call; core/signing's own limit must not be lower [100]
	BatchTrust     time.Duration // how long an application that logged in may send batches without a login from the same address (§1.5); none when zero
	FailedLife     time.Duration // how long the id of a failed process repeats its code on CCMovel [5 min]
	Certificates   int           // GetCertificate per application, minute and node: the call tells the name behind a phone number (§1.4) [120]
	PendingMessage string        // what SignDocumentPooling says with 900 (§6.12) [a sentence of ours]
}

func (r Rules) defaults() Rules {
	if r.Batch == 0 {
		r.Batch = 100
	}
	if r.FailedLife == 0 {
		r.FailedLife = 5 * time.Minute
	}
	if r.Certificates == 0 {
		r.Certificates = 120
	}
	if r.PendingMessage == "" {
		r.PendingMessage = "À espera de que a pessoa confirme."
	}
	return r
}

// Provider serves both services. Fields are set once, before Mount; all are required but Count and Rules.
type Provider struct {
	// Issuer is our address: scheme and host, no path, no trailing slash. The published contract names it.
	Issuer  string
	Signing Signing
	Do      func(ctx context.Context, fn func(Tx) error) error // fn may be run again
	View    func(ctx context.Context, fn func(Tx) error) error
	Fields  FieldKeys
	Vault   Vault
	Now     func() time.Time
	Rand    io.Reader
	Log     *slog.Logger
	// Address is the network address that a request comes from, as text.
	Address func(*http.Request) string
	// Count is told of each use of a switch of the wall, and of bare digests; nil counts nothing.
	Count func(service string, used service.Switch)
	Rules Rules

	pace pace
}

// BareDigest is counted beside the switches of registrations: a client that sent a digest without its DigestInfo (§6.1).
const BareDigest service.Switch = "bare_digest"

// Check reports every missing setting at once.
func (p *Provider) Check() error {
	var problems []error
	need := func(name string, missing bool) {
		if missing {
			problems = append(problems, fmt.Errorf("scmd: %s is missing", name))
		}
	}
	if u, err := url.Parse(p.Issuer); err != nil || u.Host == "" || p.Issuer != u.Scheme+"://"+u.Host {
		problems = append(problems, fmt.Errorf("scmd: issuer %q is not scheme and host only", p.Issuer))
	}
	need("Signing", p.Signing == nil)
	need("Do", p.Do == nil)
	need("View", p.View == nil)
	need("Fields", p.Fields == nil)
	need("Vault", p.Vault == nil)
	need("Now", p.Now == nil)
	need("Rand", p.Rand == nil)
	need("Log", p.Log == nil)
	need("Address", p.Address == nil)
	if p.Rules.BatchTrust < 0 || p.Rules.BatchTrust > time.Hour {
		problems = append(problems, fmt.Errorf("scmd: a batch without login may follow a login by at most an hour"))
	}
	return errors.Join(problems...)
}

// Mount adds the endpoints, under paths in lower case. Applications post from anywhere: whoever guards other POSTs against cross-site forms must let
// /ama.authentication.frontend/ through. Nothing here looks at a cookie, and nothing redirects.
func (p *Provider) Mount(mux *http.ServeMux) {
	p.Rules = p.Rules.defaults()
	for _, d := range []*door{scmdDoor(), ccmovelDoor()} {
		mux.Handle(d.path, p.endpoint(d))
	}
	mux.HandleFunc("GET "+PathCipher, p.cipher)
}

func (p *Provider) count(s service.Service, used service.Switch) {
	if p.Count != nil {
		p.Count(s.ID, used)
	}
}
