package saml

import (
	"cmp"
	"encoding/base64"
	"fmt"

	"chave/internal/core/citizen"
	"chave/internal/core/fault"
	"chave/internal/core/service"
	format "chave/internal/format/saml"
)

// lasting is a keyed digest that stays the same when the keystore's root rotates: it is made under the oldest configured root. Removing that root from the
// settings gives every person new names at every service, so it must stay as long as services are to recognise people.
func (p *Provider) lasting(label string, parts ...string) (string, error) {
	var bytes [][]byte
	for _, part := range parts {
		bytes = append(bytes, []byte(part))
	}
	roots := p.Vault.KeyIDs()
	mac, err := p.Vault.MACWith(roots[len(roots)-1], label, bytes...)
	if err != nil {
		return "", fault.New(fault.StoreUnavailable).Because(fmt.Errorf("derive %s: %w", label, err))
	}
	return base64.RawURLEncoding.EncodeToString(mac), nil
}

// nameID is what a service calls a person.
type nameID struct{ Format, Value string }

// xml writes the element. Qualifiers say whose name it is (SAML core §8.3.7), and a logout repeats them.
func (n nameID) xml(us, them string) string {
	return `<saml:NameID Format="` + n.Format + `" NameQualifier="` + format.EscapeAttr(us) + `" SPNameQualifier="` + format.EscapeAttr(them) + `">` +
		format.EscapeText(n.Value) + `</saml:NameID>`
}

// persistent is the pairwise subject. Its label is OpenID Connect's on purpose: one service knows one person by one name on both wires.
func (p *Provider) persistent(s service.Service, who citizen.ID) (string, error) {
	return p.lasting("oidc/subject/pairwise", cmp.Or(s.Sector, "service:"+s.ID), string(who))
}

// transient names a session to a service; the underscore makes it fit wherever an XML id does (SAML core §8.3.8).
func (p *Provider) transient(s service.Service, session string) (string, error) {
	name, err := p.lasting("saml/transient", s.ID, session)
	return "_" + name, err
}

// index is a session's SessionIndex. It differs between services, which could otherwise compare sessions and undo pairwise names.
func (p *Provider) index(s service.Service, session string) (string, error) {
	name, err := p.lasting("saml/session", s.ID, session)
	return "_" + name, err
}

// name makes a NameID of a format.
func (p *Provider) name(s service.Service, kind string, who citizen.ID, session string) (nameID, error) {
	n := nameID{Format: kind}
	var err error
	if kind == format.NameIDTransient {
		n.Value, err = p.transient(s, session)
	} else {
		n.Value, err = p.persistent(s, who)
	}
	return n, err
}

// nameFormat decides between the two formats. A service that is registered for transient names is not to recognise people, so it cannot ask for the other sort; ok
// is false for that and for formats we do not have (SAML core §3.4.1.1).
func nameFormat(s service.Service, asked *format.NameIDPolicy) (kind string, ok bool) {
	registered := format.NameIDPersistent
	if s.SAML.NameID == "transient" {
		registered = format.NameIDTransient
	}
	if asked == nil {
		return registered, true
	}
	if asked.SPNameQualifier != "" && asked.SPNameQualifier != s.SAML.Issuer { // we know no affiliations
		return "", false
	}
	switch asked.Format {
	case "", format.NameIDUnspecified:
		return registered, true
	case format.NameIDTransient:
		return format.NameIDTransient, true
	case format.NameIDPersistent:
		return format.NameIDPersistent, registered == format.NameIDPersistent
	}
	return "", false
}
