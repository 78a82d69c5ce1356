package fasaml

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"chave/internal/core/consent"
	"chave/internal/core/fault"
	"chave/internal/core/service"
	"chave/internal/format/saml"
	"chave/internal/format/xmldsig"

	"github.com/beevik/etree"
)

// entrance takes any SAML request on any of the doors. The browser came by another site's form, so it brought no Lax cookie of ours: what it brought is checked and
// stored, and goes on at an address that it visits by itself (§1.2).
func (p *Provider) entrance(w http.ResponseWriter, r *http.Request) error {
	in, err := readForm(w, r)
	if err != nil {
		return err
	}
	b, err := p.believe(r.Context(), in.message)
	if err != nil {
		return err
	}
	read := p.readSignOn
	if b.logout {
		read = p.readLogout
	}
	m, q, timely, err := read(b)
	var l *local
	if errors.As(err, &l) {
		return err
	}
	q.Service, q.ID, q.Issuer, q.RelayState, q.Modal = b.service.ID, xmldsig.Attr(b.root, "ID"), issuerOf(b.root), []byte(in.state), in.modal
	var handle string
	if timely {
		handle, err = p.admit(r.Context(), q, m.IssueInstant, err)
	}
	if err != nil {
		return p.refuse(w, r, b.service, q, err)
	}
	http.Redirect(w, r, PathBegin+"?"+url.Values{"r": {handle}}.Encode(), http.StatusSeeOther)
	return nil
}

// readSignOn checks an AuthnRequest in the order of §1.4.4, rows 5 to 12; services and their tests see which answer comes first. timely says that row 6 is passed but for
// the id.
func (p *Provider) readSignOn(b believed) (m saml.Message, q request, timely bool, err error) {
	leaveOut(b.root)
	a, malformed := saml.ParseAuthnRequest(b.root)
	m = a.Message
	var ok bool
	if q.To, ok = consumer(b.service, a.AssertionConsumerServiceURL); !ok {
		return m, q, false, here(http.StatusForbidden, fault.ReturnNotRegistered, nil)
	}
	if err := p.timely(m, malformed); err != nil {
		return m, q, false, err
	}
	if a.AssertionConsumerServiceIndex != nil || a.AttributeConsumingServiceIndex != nil && !b.service.SAML.IgnoreIndex {
		return m, q, true, fault.New(fault.FeatureUnsupported).Because(errors.New("index"))
	}
	if a.ProtocolBinding != "" && a.ProtocolBinding != saml.BindingPOST {
		return m, q, true, fault.New(fault.FeatureUnsupported).Because(errors.New("binding"))
	}
	want, ok := readExtensions(a.Extensions)
	if !ok {
		return m, q, true, fault.New(fault.AttributesInvalid).Because(errors.New("attributes or level malformed"))
	}
	q.Attributes, q.Force = want.Attributes, a.ForceAuthn
	if err := checkAttributes(b.service, want.Attributes); err != nil {
		return m, q, true, err
	}
	if a.IsPassive {
		return m, q, true, fault.New(fault.PassiveImpossible)
	}
	q.Level = service.Level(want.Level)
	if q.Level == 0 {
		q.Level = b.service.SAML.DefaultLevel
	}
	q.Level = max(q.Level, b.service.MinLevel)
	// Of the original's tabs there is CMD's only. Where it would not be on the page, nobody could go on: that is so at level 4, and for a service that hides it.
	if !Tabs(int(q.Level), want.Tabs).Shows(TabCMD) {
		return m, q, true, fault.New(fault.LevelTooLow)
	}
	return m, q, true, nil
}

// leaveOut takes away what this wire ignores (§1.4.1), so that nothing that general libraries write there can be wrong.
func leaveOut(root *etree.Element) {
	for _, child := range root.ChildElements() {
		switch child.Tag {
		case "Subject", "NameIDPolicy", "Conditions", "RequestedAuthnContext", "Scoping":
			root.RemoveChild(child)
		}
	}
}

// consumer finds where the answer goes: the address named, if it is registered character by character, or the only one there is (§1.4.4, row 5).
func consumer(s service.Service, named string) (string, bool) {
	if named == "" && len(s.SAML.ACS) == 1 {
		return s.SAML.ACS[0], true
	}
	return named, slices.Contains(s.SAML.ACS, named)
}

// checkAttributes is rows 9 to 11: every name is known or lies under a known root, the service may ask for it, and together they suffice to know somebody.
// A name that nothing supplies tells nothing of anybody, so it needs no permission: it is answered NotAvailable.
func checkAttributes(s service.Service, list []wantedAttribute) error {
	all := make([]consent.Asked, len(list))
	for i, one := range list {
		var ok bool
		if all[i], ok = consent.ReadAsked(one.Name); !ok {
			return fault.New(fault.AttributesInvalid).Because(errors.New("a name under no known root"))
		}
	}
	for _, one := range all {
		if name := one.Spelling.Name; name != "" && !s.MayAsk(service.WireFA, name) {
			return fault.New(fault.AttributeNotAllowed).Because(errors.New(string(name)))
		}
	}
	if !s.SAML.AnyAttributes && !consent.KnowsSomebody(all) {
		return fault.New(fault.AttributesInvalid).Because(errors.New("too few to know anybody by"))
	}
	return nil
}

// asks lists what the person is asked for, each attribute once although services spell one in several ways. It is required if any spelling is.
func asks(list []wantedAttribute) []consent.Ask {
	var all []consent.Ask
	named := named(list)
	wanted := consent.Wanted(named) // not what could not be answered anyway (R6.12)
	for i, one := range list {
		name := named[i].Spelling.Name
		if !slices.Contains(wanted, name) {
			continue
		}
		at := slices.IndexFunc(all, func(a consent.Ask) bool { return a.Name == name })
		if at < 0 {
			all = append(all, consent.Ask{Name: name})
			at = len(all) - 1
		}
		all[at].Required = all[at].Required || one.Required
	}
	return all
}

// named reads the names of a request.
func named(list []wantedAttribute) []consent.Asked {
	all := make([]consent.Asked, len(list))
	for i, one := range list {
		all[i], _ = consent.ReadAsked(one.Name)
	}
	return all
}

// skips tells whether a request asks for the consent page to be left out (§1.4.2).
func skips(list []wantedAttribute) bool {
	return slices.ContainsFunc(list, func(a wantedAttribute) bool { return strings.TrimSpace(a.Name) == consent.SkipConsentURI })
}
