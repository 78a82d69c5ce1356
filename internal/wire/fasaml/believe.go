package fasaml

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"chave/internal/core/fault"
	"chave/internal/core/service"
	"chave/internal/format/saml"
	"chave/internal/format/xmldsig"

	"github.com/beevik/etree"
)

// believed is a message that a registered service signed. Root is read from the octets that were hashed: what was not signed is not in it.
type believed struct {
	service service.Service
	root    *etree.Element
	logout  bool
}

// believe takes a message from base64 to a verified tree (§1.4.4, rows 1 to 4). Every error of it is a page of ours.
func (p *Provider) believe(ctx context.Context, encoded string) (believed, error) {
	doc, err := saml.DecodePOST(encoded, maxMessage)
	if err != nil {
		return believed{}, here(http.StatusBadRequest, fault.MessageUnreadable, err)
	}
	limits := xmldsig.DefaultLimits()
	limits.Bytes = maxMessage
	claimed, err := xmldsig.Parse(doc, limits)
	if err != nil {
		return believed{}, here(http.StatusBadRequest, fault.MessageUnreadable, err)
	}
	b := believed{logout: xmldsig.Is(claimed, saml.NSProtocol, "LogoutRequest")}
	if !b.logout && !xmldsig.Is(claimed, saml.NSProtocol, "AuthnRequest") {
		return believed{}, here(http.StatusBadRequest, fault.MessageUnexpected, errors.New("root"))
	}
	name := issuerOf(claimed)
	if b.service, err = p.registered(ctx, name); err != nil {
		return believed{}, err
	}
	now := p.Now()
	policy := xmldsig.Policy{SHA1: b.service.Allows(service.LegacySHA1, now)}
	verified, err := xmldsig.Verify(claimed, b.service.SAML.Keys(now), policy)
	if err != nil {
		return believed{}, here(http.StatusForbidden, signatureFault(err), err)
	}
	if issuerOf(verified.Root) != name { // the key of one service must not speak for another
		return believed{}, here(http.StatusForbidden, fault.SignatureInvalid, errors.New("issuer"))
	}
	if verified.SHA1 {
		p.count(b.service, service.LegacySHA1)
	}
	b.root = verified.Root
	return b, nil
}

func issuerOf(root *etree.Element) string {
	return xmldsig.Text(xmldsig.Child(root, saml.NSAssertion, "Issuer"))
}

// registered finds the service of an Issuer: exactly, or else with its last slash added or taken away, which services get wrong among their own settings (§1.4.1). The
// key stays the registered one either way.
func (p *Provider) registered(ctx context.Context, name string) (service.Service, error) {
	unknown := here(http.StatusForbidden, fault.ServiceUnknown, nil)
	if name == "" || len(name) > 1024 {
		return service.Service{}, unknown
	}
	other, cut := strings.CutSuffix(name, "/")
	if !cut {
		other = name + "/"
	}
	var found service.Service
	err := p.View(ctx, func(tx Tx) (err error) {
		if found, err = tx.ServiceNamed(service.WireFA, name); fault.Is(err, fault.ServiceUnknown) && other != "" {
			found, err = tx.ServiceNamed(service.WireFA, other)
		}
		return err
	})
	switch {
	case fault.Is(err, fault.ServiceUnknown):
		return service.Service{}, unknown
	case err != nil:
		return service.Service{}, err
	case found.Closed || found.SAML == nil || found.SAML.Wire != service.WireFA:
		return service.Service{}, unknown
	}
	return found, nil
}

// signatureFault tells the cases apart that a service's developer can do something about.
func signatureFault(err error) fault.Code {
	var e *xmldsig.Error
	if errors.As(err, &e) {
		switch e.Reason {
		case xmldsig.ReasonSHA1:
			return fault.SignatureTooOld
		case xmldsig.ReasonSignatureMissing:
			return fault.SignatureMissing
		}
	}
	return fault.SignatureInvalid
}
