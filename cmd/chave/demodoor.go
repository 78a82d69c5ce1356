package main

import (
	"context"
	"errors"

	"chave/demo/phone"
)

// certificates are what a tester's client must know: the demo's CA, and the certificates that sign SAML responses at present.
func (d *country) certificates(ctx context.Context) (c phone.Certificates, err error) {
	if d.ca != nil {
		c.TLS = d.ca.PEM
	}
	node, ok := any(d.node.Load()).(interface {
		Certificate(ctx context.Context, ring string) (string, error)
	})
	if !ok {
		return c, nil
	}
	if c.SAML, err = node.Certificate(ctx, "fa"); err != nil {
		return c, err
	}
	c.StandardSAML, err = node.Certificate(ctx, "saml")
	return c, err
}

// listSources tells how the stand-in attribute providers behave.
func (d *country) listSources(context.Context) ([]phone.Source, error) { return nil, nil }

// setSource changes how one behaves.
func (d *country) setSource(_ context.Context, source, _ string) error {
	return errors.New("no stand-in for " + source)
}
