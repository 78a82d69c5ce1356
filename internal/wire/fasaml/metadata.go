package fasaml

import (
	"context"
	"net/http"
	"sync"
	"time"

	"chave/internal/core/signkey"
	"chave/internal/format/saml"
	"chave/internal/format/xmldsig"
)

// metadataFor is how long a signed description is served: whoever asks often costs no signature each time.
const metadataFor = 30 * time.Second

// published is the description of this door as it was last signed.
type published struct {
	mu   sync.Mutex
	made time.Time
	doc  []byte
}

// metadata describes this door to whoever configures a service: addresses, and the certificates that sign now and next (§1.1). The original has none.
func (p *Provider) metadata(w http.ResponseWriter, r *http.Request) error {
	doc, err := p.description(r.Context())
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/samlmetadata+xml; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(doc) // the reader is gone; nothing to do
	return nil
}

func (p *Provider) description(ctx context.Context) ([]byte, error) {
	p.describe.mu.Lock()
	defer p.describe.mu.Unlock()
	now := p.Now()
	if age := now.Sub(p.describe.made); p.describe.doc != nil && age >= 0 && age < metadataFor {
		return p.describe.doc, nil
	}
	key, err := p.Keys.Active(ctx, alg) // made now if this is the first time
	if err != nil {
		return nil, err
	}
	all, err := p.Keys.Published(ctx)
	if err != nil {
		return nil, err
	}
	certificates := [][]byte{key.Cert}
	for _, k := range all {
		if k.Alg == alg && k.State == signkey.Next {
			certificates = append(certificates, k.Cert)
		}
	}
	door := []saml.Endpoint{{Binding: saml.BindingPOST, Location: p.Issuer + spelledSignOn}}
	doc, err := signed(xmldsig.Signer{Key: key.Signer, Certificate: key.Cert}, saml.IdentityProvider{
		ID: saml.NewID(p.Rand), EntityID: p.EntityID, WantAuthnRequestsSigned: true, SigningCertificates: certificates,
		NameIDFormats: []string{saml.NameIDUnspecified}, SignOn: door, Logout: door,
	}.Metadata())
	if err != nil {
		return nil, err
	}
	p.describe.doc, p.describe.made = doc, now
	return doc, nil
}
