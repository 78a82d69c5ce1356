package main

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strconv"

	"chave/demo/attributes"
	"chave/demo/phone"
	"chave/internal/app"
	"chave/internal/core/consent"
)

// certificates are what a tester's client must know: the demo's CA, and the certificates that sign SAML responses at present.
func (d *country) certificates(ctx context.Context) (c phone.Certificates, err error) {
	if d.ca != nil {
		c.TLS = d.ca.PEM
	}
	node := d.node.Load()
	if c.SAML, err = node.Certificate(ctx, "fa"); err != nil {
		return c, err
	}
	for name, to := range map[string]*string{"saml": &c.StandardSAML, "scmd": &c.SCMDCipher, "root": &c.Root, "issuing": &c.Issuing, "tsa": &c.TSA} {
		if *to, err = node.Certificate(ctx, name); err != nil {
			return c, err
		}
	}
	return c, nil
}

// openSources makes the stand-ins for bodies that know more about people than Chave does: one server, one path for each.
func (d *country) openSources() error {
	secret, err := demoSecret(d.sourceSecret())
	if err != nil {
		return err
	}
	if d.standins, err = attributes.New(attributes.Config{People: d.records, Secret: string(secret), Now: d.clock.Now}); err != nil {
		return err
	}
	d.manners = d.standins.Behaviours()
	return nil
}

func (d *country) sourceSecret() string { return filepath.Join(d.dir, "attributes.secret") }

// knows says by which numbers each source knows people: it is told no others.
var knows = map[string][]string{
	attributes.Address: {"nic", "birth_date"}, attributes.Card: {"nic"}, attributes.SocialSecurity: {"niss"}, attributes.Health: {"nif"},
}

// sourceSettings is what the server is told about the stand-ins.
func (d *country) sourceSettings() map[consent.Source]app.SourceSettings {
	all := map[consent.Source]app.SourceSettings{}
	for _, source := range attributes.Sources() {
		all[consent.Source(source)] = app.SourceSettings{
			URL: "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(d.sites["attributes"].port)) + "/" + source, SecretFile: d.sourceSecret(), Sends: knows[source],
		}
	}
	return all
}

// listSources tells how the stand-ins behave.
func (d *country) listSources(context.Context) (all []phone.Source, err error) {
	now := d.standins.Behaviours()
	for _, source := range attributes.Sources() {
		all = append(all, phone.Source{Source: source, Behaviour: string(now[source])})
	}
	return all, nil
}

// setSource changes how one behaves.
func (d *country) setSource(_ context.Context, source, behaviour string) error {
	return d.standins.Set(source, attributes.Behaviour(behaviour))
}

// calmSources gives the stand-ins back the manners they began with.
func (d *country) calmSources() error {
	var problems []error
	for source, behaviour := range d.manners {
		problems = append(problems, d.standins.Set(source, behaviour))
	}
	return errors.Join(problems...)
}
