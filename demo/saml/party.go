package saml

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// The two profiles.
const (
	FA       = "fa"   // Portugal's
	Standard = "saml" // the standard's
)

const (
	nsProtocol   = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion  = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsMetadata   = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsSignature  = "http://www.w3.org/2000/09/xmldsig#"
	nsAttributes = "http://autenticacao.cartaodecidadao.pt/atributos"

	bindingPOST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
	formatURI   = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
	bearer      = "urn:oasis:names:tc:SAML:2.0:cm:bearer" //nolint:gosec // the name of a method
	success     = "urn:oasis:names:tc:SAML:2.0:status:Success"

	// unspecified is both format and value of the name in requests over Portugal's profile (cmd-authentication.md §1.8.1).
	unspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
)

// Config is all a party needs. Its fields are the manual.
type Config struct {
	// Profile is FA or Standard.
	Profile string
	// EntityID is the service's registered issuer; ACS and Logout its registered addresses.
	EntityID, ACS, Logout string
	// Key signs requests; Certificate (DER) is the registered one, sent along.
	Key         *rsa.PrivateKey
	Certificate []byte
	// Issuer is Chave's origin. Its metadata is read below it at first need.
	Issuer string
	// HTTPClient reaches Chave; http.DefaultClient when nil.
	HTTPClient *http.Client
	// Now is the demonstration's clock; time.Now when nil.
	Now func() time.Time
	// Rand makes message ids; crypto/rand when nil.
	Rand io.Reader
}

// Party is one service. It is safe for use by many goroutines.
type Party struct {
	cfg Config

	mu   sync.Mutex
	peer *peer // what Chave's metadata said; nil until it was read
}

// New checks the configuration. It contacts nobody.
func New(cfg Config) (*Party, error) {
	if cfg.Profile != FA && cfg.Profile != Standard {
		return nil, fmt.Errorf("saml: no profile %q", cfg.Profile)
	}
	if cfg.EntityID == "" || cfg.ACS == "" || cfg.Logout == "" || cfg.Key == nil || len(cfg.Certificate) == 0 || cfg.Issuer == "" {
		return nil, errors.New("saml: entity id, addresses, key, certificate and issuer are all needed")
	}
	cfg.Issuer = strings.TrimSuffix(cfg.Issuer, "/")
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = http.DefaultClient
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	return &Party{cfg: cfg}, nil
}

// Message is one that a browser is to carry, as a form.
type Message struct {
	ID      string // of the message, to be matched with InResponseTo of the answer
	Address string // where to post it
	Field   string // "SAMLRequest" or "SAMLResponse"
	Value   string // base64
}

// id makes a message id: an NCName with 128 random bits.
func (p *Party) id() (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(p.cfg.Rand, b[:]); err != nil {
		return "", fmt.Errorf("randomness: %w", err)
	}
	return "_" + hex.EncodeToString(b[:]), nil
}
