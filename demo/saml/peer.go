package saml

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/beevik/etree"
)

// peer is Chave as its metadata describes it.
type peer struct {
	entityID    string
	signOn, out string // POST addresses
	keys        []*x509.Certificate
	read        time.Time
}

// metadataLimit bounds the document, in bytes.
const metadataLimit = 256 << 10

// again is how long metadata is not read once more, whatever answers come: a stranger's bad messages must not become requests to Chave.
const again = 10 * time.Second

// Forget drops what is known about Chave, for a demonstration that starts over with new keys.
func (p *Party) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.peer = nil
}

// chave reads the metadata at first need; a failure is not kept. With fresh, it is read again unless that was just done: keys rotate.
func (p *Party) chave(ctx context.Context, fresh bool) (*peer, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.peer != nil && (!fresh || p.cfg.Now().Sub(p.peer.read).Abs() < again) {
		return p.peer, nil
	}
	address := p.cfg.Issuer + "/" + p.cfg.Profile + "/metadata"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	resp, err := p.cfg.HTTPClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, metadataLimit))
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("metadata: %s answers %d", address, resp.StatusCode)
	}
	found, err := readPeer(data)
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	found.read = p.cfg.Now()
	p.peer = found
	return found, nil
}

// readPeer takes what a service needs out of an identity provider's metadata. Its signature is not checked: it came from Chave's own
// address, and nobody else's word is known yet.
func readPeer(data []byte) (*peer, error) {
	root, err := parse(data)
	if err != nil {
		return nil, err
	}
	if root.Tag != "EntityDescriptor" || root.NamespaceURI() != nsMetadata {
		return nil, fmt.Errorf("is a %s", root.Tag)
	}
	found := &peer{entityID: root.SelectAttrValue("entityID", "")}
	role := child(root, nsMetadata, "IDPSSODescriptor")
	if role == nil || found.entityID == "" {
		return nil, errors.New("describes no identity provider")
	}
	for _, e := range role.ChildElements() {
		switch e.Tag {
		case "KeyDescriptor":
			if use := e.SelectAttrValue("use", "signing"); use != "signing" {
				continue
			}
			for _, text := range everywhere(e, nsSignature, "X509Certificate") {
				der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text.Text()), ""))
				if err != nil {
					return nil, fmt.Errorf("certificate: %w", err)
				}
				cert, err := x509.ParseCertificate(der)
				if err != nil {
					return nil, fmt.Errorf("certificate: %w", err)
				}
				found.keys = append(found.keys, cert)
			}
		case "SingleSignOnService", "SingleLogoutService":
			if e.SelectAttrValue("Binding", "") != bindingPOST {
				continue
			}
			if e.Tag == "SingleSignOnService" {
				found.signOn = e.SelectAttrValue("Location", "")
			} else {
				found.out = e.SelectAttrValue("Location", "")
			}
		}
	}
	if found.signOn == "" || len(found.keys) == 0 {
		return nil, errors.New("lacks a certificate or an address to post to")
	}
	return found, nil
}

// child is the first element of that name directly below, or nil.
func child(e *etree.Element, space, tag string) *etree.Element {
	for _, c := range e.ChildElements() {
		if c.Tag == tag && c.NamespaceURI() == space {
			return c
		}
	}
	return nil
}

// everywhere lists the elements of that name at any depth.
func everywhere(e *etree.Element, space, tag string) (all []*etree.Element) {
	for _, c := range e.ChildElements() {
		if c.Tag == tag && c.NamespaceURI() == space {
			all = append(all, c)
		}
		all = append(all, everywhere(c, space, tag)...)
	}
	return all
}
