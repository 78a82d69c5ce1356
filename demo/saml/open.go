package saml

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/beevik/etree"
	xrv "github.com/mattermost/xml-roundtrip-validator"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

// messageLimit bounds a message, in octets of XML.
const messageLimit = 256 << 10

// window is how far a message's instant may lie from the demonstration's clock; skew is allowed at the ends of an assertion's life.
const (
	window = 5 * time.Minute
	skew   = time.Minute
)

// parse reads XML that any other reader would read in the same way, without document types.
func parse(data []byte) (*etree.Element, error) {
	if err := xrv.Validate(bytes.NewReader(data)); err != nil {
		return nil, fmt.Errorf("XML: %w", err)
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(data); err != nil {
		return nil, fmt.Errorf("XML: %w", err)
	}
	for _, t := range doc.Child {
		if _, ok := t.(*etree.Directive); ok {
			return nil, errors.New("XML with a document type")
		}
	}
	if doc.Root() == nil {
		return nil, errors.New("XML without a root")
	}
	return doc.Root(), nil
}

// open decodes a message of Chave's and checks what holds for all: name, signature, issuer, destination, version, instant. It returns the root that
// was read again from the octets under the signature, and those octets as text.
func (p *Party) open(ctx context.Context, encoded, tag, here string) (*etree.Element, *peer, error) {
	if base64.StdEncoding.DecodedLen(len(encoded)) > messageLimit*2 {
		return nil, nil, errors.New("the message is too long")
	}
	data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(encoded), ""))
	if err != nil || len(data) > messageLimit {
		return nil, nil, errors.New("the message is not base64, or too long")
	}
	raw, err := parse(data)
	if err != nil {
		return nil, nil, err
	}
	chave, err := p.chave(ctx, false)
	if err != nil {
		return nil, nil, err
	}
	root, err := p.verified(raw, chave)
	if err != nil {
		// Chave may have changed its key since its metadata was read.
		if chave, err = p.chave(ctx, true); err == nil {
			root, err = p.verified(raw, chave)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	if root.Tag != tag || root.NamespaceURI() != nsProtocol {
		return nil, nil, fmt.Errorf("the message is a %s, not a %s", root.Tag, tag)
	}
	issuer := child(root, nsAssertion, "Issuer")
	at, instantErr := time.Parse(time.RFC3339Nano, root.SelectAttrValue("IssueInstant", ""))
	switch {
	case issuer == nil || issuer.Text() != chave.entityID:
		return nil, nil, errors.New("the message is another issuer's")
	case root.SelectAttrValue("Version", "") != "2.0":
		return nil, nil, errors.New("the message is of another version")
	case root.SelectAttrValue("Destination", "") != here:
		return nil, nil, errors.New("the message was meant for another address")
	case instantErr != nil || p.cfg.Now().Sub(at).Abs() > window:
		return nil, nil, errors.New("the message is too old or too new")
	}
	return root, chave, nil
}

// verified checks the one signature of an element, which must cover all of it, and gives the element as it was read again from the octets that were
// signed: whatever else the document holds was not.
func (p *Party) verified(e *etree.Element, chave *peer) (*etree.Element, error) {
	if err := wellSigned(e); err != nil {
		return nil, err
	}
	ctx := &dsig.ValidationContext{
		CertificateStore: &dsig.MemoryX509CertificateStore{Roots: chave.keys}, IdAttribute: "ID", Clock: dsig.NewFakeClockAt(p.cfg.Now()),
	}
	root, err := ctx.Validate(e)
	if err != nil {
		return nil, fmt.Errorf("signature: %w", err)
	}
	return root, nil
}

// wellSigned refuses the shapes that signature wrapping needs: ids that come twice, signatures elsewhere than right below the element, or
// references to anything but the element itself.
func wellSigned(e *etree.Element) error {
	ids := map[string]bool{}
	if err := uniqueIDs(e, ids); err != nil {
		return err
	}
	var signature *etree.Element
	for _, c := range e.ChildElements() {
		if c.Tag == "Signature" && c.NamespaceURI() == nsSignature {
			if signature != nil {
				return errors.New("two signatures")
			}
			signature = c
		}
	}
	if signature == nil {
		return errors.New("no signature")
	}
	references := everywhere(signature, nsSignature, "Reference")
	id := e.SelectAttrValue("ID", "")
	if len(references) != 1 || id == "" || references[0].SelectAttrValue("URI", "") != "#"+id {
		return errors.New("the signature does not cover the message")
	}
	return nil
}

func uniqueIDs(e *etree.Element, seen map[string]bool) error {
	if id := e.SelectAttrValue("ID", ""); id != "" {
		if seen[id] {
			return errors.New("an id comes twice")
		}
		seen[id] = true
	}
	for _, c := range e.ChildElements() {
		if err := uniqueIDs(c, seen); err != nil {
			return err
		}
	}
	return nil
}

// alone cuts an element out with the namespaces that it lived in, so that a signature of its own can be checked.
func alone(e *etree.Element) (*etree.Element, error) {
	ctx, err := etreeutils.NSBuildParentContext(e)
	if err != nil {
		return nil, fmt.Errorf("namespaces: %w", err)
	}
	cut, err := etreeutils.NSDetatch(ctx, e)
	if err != nil {
		return nil, fmt.Errorf("namespaces: %w", err)
	}
	return cut, nil
}
