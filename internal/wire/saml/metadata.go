package saml

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/signkey"
	format "chave/internal/format/saml"
)

const (
	metadataValid = 7 * 24 * time.Hour // validUntil: who reads it less often than that is not following our keys
	metadataFresh = time.Hour          // cacheDuration
	metadataKept  = 10 * time.Minute   // how long one signed document is handed out, here and by caches on the way
)

// published is the signed document as it was handed out last. Signing is work, and anybody may ask.
type published struct {
	mu    sync.Mutex
	made  time.Time
	certs [][]byte
	doc   []byte
}

// metadata publishes who we are: names, addresses, keys in use and to come (SAML metadata §2.4.3), signed.
func (p *Provider) metadata(w http.ResponseWriter, r *http.Request) {
	doc, err := p.document(r.Context())
	if err != nil {
		p.fail(w, r, err)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/samlmetadata+xml")
	h.Set("Cache-Control", "public, max-age=600")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(doc)
}

func (p *Provider) document(ctx context.Context) ([]byte, error) {
	signer, err := p.signer(ctx)
	if err != nil {
		return nil, err
	}
	certs, err := p.certificates(ctx, signer.Certificate)
	if err != nil {
		return nil, err
	}
	p.published.mu.Lock()
	defer p.published.mu.Unlock()
	now := p.Now()
	if age := now.Sub(p.published.made); p.published.doc != nil && age >= 0 && age < metadataKept && same(certs, p.published.certs) {
		return p.published.doc, nil
	}
	us := format.IdentityProvider{
		ID: format.NewID(p.Rand), EntityID: p.entityID(), ValidUntil: now.Add(metadataValid), CacheDuration: metadataFresh, WantAuthnRequestsSigned: true,
		SigningCertificates: certs, NameIDFormats: []string{format.NameIDPersistent, format.NameIDTransient},
		SignOn: p.endpoints(PathSSO), Logout: p.endpoints(PathSLO),
	}
	seen := map[string]bool{}
	for _, a := range attributeTable() {
		if !seen[a.name] {
			seen[a.name] = true
			us.Attributes = append(us.Attributes, format.AttributeName{Name: a.name, FriendlyName: a.friendly})
		}
	}
	doc, err := signer.Sign(us.Metadata())
	if err != nil {
		return nil, fault.New(fault.InternalError).Because(err)
	}
	p.published.made, p.published.certs, p.published.doc = now, certs, doc
	return doc, nil
}

func (p *Provider) endpoints(path string) []format.Endpoint {
	return []format.Endpoint{{Binding: format.BindingRedirect, Location: p.Issuer + path}, {Binding: format.BindingPOST, Location: p.Issuer + path}}
}

// certificates lists whose signatures services may meet: the key in use first, the one to come, so that a service that reads this knows it before its first
// signature, and those that have just retired, for another node may have signed with one a moment ago.
func (p *Provider) certificates(ctx context.Context, active []byte) ([][]byte, error) {
	all, err := p.Keys.Published(ctx)
	if err != nil {
		return nil, err
	}
	certs := [][]byte{active}
	for _, state := range []signkey.State{signkey.Active, signkey.Next, signkey.Retired} {
		for _, k := range all {
			if k.State == state && k.Alg == p.alg() && len(k.Cert) > 0 && !bytes.Equal(k.Cert, active) {
				certs = append(certs, k.Cert)
			}
		}
	}
	return certs, nil
}

func same(a, b [][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !bytes.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}
