package saml

import (
	"strings"

	"github.com/beevik/etree"

	"chave/internal/format/xmldsig"
)

// ParseAuthnRequest reads an AuthnRequest by names. With an error, which is an *[Error], the fields that could be read are filled
// in all the same, so that a wire can tell a service whose signature holds what was wrong; use them for nothing else. Version
// is not judged, and children that [AuthnRequest] has no field for are ignored.
func ParseAuthnRequest(root *etree.Element) (AuthnRequest, error) {
	if !xmldsig.Is(root, NSProtocol, "AuthnRequest") {
		return AuthnRequest{}, refuse(ReasonRoot, "")
	}
	r := reader{root: root}
	m := AuthnRequest{
		Message:                        r.message(NSProtocol),
		ForceAuthn:                     r.boolean(root, "ForceAuthn"),
		IsPassive:                      r.boolean(root, "IsPassive"),
		ProtocolBinding:                trimmed(root, "ProtocolBinding"),
		AssertionConsumerServiceURL:    trimmed(root, "AssertionConsumerServiceURL"),
		AssertionConsumerServiceIndex:  optional(root, "AssertionConsumerServiceIndex"),
		AttributeConsumingServiceIndex: optional(root, "AttributeConsumingServiceIndex"),
		ProviderName:                   trimmed(root, "ProviderName"),
		RequestedAuthnContext:          r.context(),
	}
	if p := r.one(root, NSProtocol, "NameIDPolicy"); p != nil {
		m.NameIDPolicy = &NameIDPolicy{Format: trimmed(p, "Format"), SPNameQualifier: trimmed(p, "SPNameQualifier"), AllowCreate: r.boolean(p, "AllowCreate")}
	}
	if subject := r.one(root, NSAssertion, "Subject"); subject != nil {
		m.Subject = r.nameID(subject)
		m.OtherSubject = m.Subject == nil
	}
	return m, r.err
}

// ParseLogoutRequest reads a LogoutRequest by names; errors as with [ParseAuthnRequest].
func ParseLogoutRequest(root *etree.Element) (LogoutRequest, error) {
	if !xmldsig.Is(root, NSProtocol, "LogoutRequest") {
		return LogoutRequest{}, refuse(ReasonRoot, "")
	}
	r := reader{root: root}
	m := LogoutRequest{Message: r.message(""), NameID: r.nameID(root), Reason: trimmed(root, "Reason")}
	m.OtherNameID = xmldsig.Child(root, NSAssertion, "EncryptedID") != nil || xmldsig.Child(root, NSAssertion, "BaseID") != nil
	for _, e := range xmldsig.Children(root, NSProtocol, "SessionIndex") {
		m.SessionIndexes = append(m.SessionIndexes, xmldsig.Text(e))
	}
	if v, ok := xmldsig.LookAttr(root, "NotOnOrAfter"); ok {
		t, err := ParseTime(v)
		r.fail(err)
		m.NotOnOrAfter = t
	}
	return m, r.err
}

// ParseLogoutResponse reads a LogoutResponse by names; errors as with [ParseAuthnRequest].
func ParseLogoutResponse(root *etree.Element) (LogoutResponse, error) {
	if !xmldsig.Is(root, NSProtocol, "LogoutResponse") {
		return LogoutResponse{}, refuse(ReasonRoot, "")
	}
	r := reader{root: root}
	m := LogoutResponse{Message: r.message(NSProtocol), InResponseTo: trimmed(root, "InResponseTo")}
	status := r.one(root, NSProtocol, "Status")
	code := r.one(status, NSProtocol, "StatusCode")
	m.Status = Status{
		Code:    trimmed(code, "Value"),
		Second:  trimmed(r.one(code, NSProtocol, "StatusCode"), "Value"),
		Message: xmldsig.Text(r.one(status, NSProtocol, "StatusMessage")),
	}
	if m.Status.Code == "" {
		r.fail(refuse(ReasonMissing, "Status"))
	}
	return m, r.err
}

// reader reads one message and keeps the first thing that is wrong with it.
type reader struct {
	root *etree.Element
	err  error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// message reads what all messages carry. Extensions may lie in the namespace given, or anywhere if that is "".
func (r *reader) message(extensions string) Message {
	m := Message{
		ID:          xmldsig.Attr(r.root, "ID"),
		Version:     trimmed(r.root, "Version"),
		Destination: trimmed(r.root, "Destination"),
		Consent:     trimmed(r.root, "Consent"),
	}
	if !xmldsig.IsNCName(m.ID) || len(m.ID) > maxID {
		m.ID = ""
		r.fail(refuse(ReasonID, ""))
	}
	issuer := r.one(r.root, NSAssertion, "Issuer")
	if m.Issuer, m.IssuerFormat = xmldsig.Text(issuer), trimmed(issuer, "Format"); m.Issuer == "" || len(issuer.ChildElements()) > 0 {
		m.Issuer = ""
		r.fail(refuse(ReasonIssuer, ""))
	}
	at, err := ParseTime(xmldsig.Attr(r.root, "IssueInstant"))
	r.fail(err)
	m.IssueInstant = at
	for _, e := range r.root.ChildElements() {
		if e.Tag != "Extensions" || extensions != "" && e.NamespaceURI() != extensions {
			continue
		}
		if m.Extensions != nil {
			r.fail(refuse(ReasonRepeated, "Extensions"))
			break
		}
		m.Extensions = e
	}
	return m
}

// maxID bounds an ID, which is stored and echoed. Real ones have about 40 characters.
const maxID = 256

// one returns the child that may stand there once.
func (r *reader) one(e *etree.Element, space, local string) *etree.Element {
	found := xmldsig.Children(e, space, local)
	if len(found) == 0 {
		return nil
	}
	if len(found) > 1 {
		r.fail(refuse(ReasonRepeated, local))
	}
	return found[0]
}

// boolean reads an xs:boolean that is false when absent, and the capitals that .NET writes.
func (r *reader) boolean(e *etree.Element, name string) bool {
	v, ok := xmldsig.LookAttr(e, name)
	if !ok {
		return false
	}
	switch strings.Trim(v, " \t\r\n") {
	case "true", "True", "1":
		return true
	case "false", "False", "0":
		return false
	}
	r.fail(refuse(ReasonValue, name))
	return false
}

// nameID reads the NameID that stands in an element, if one does.
func (r *reader) nameID(in *etree.Element) *NameID {
	e := r.one(in, NSAssertion, "NameID")
	if e == nil {
		return nil
	}
	if len(e.ChildElements()) > 0 {
		r.fail(refuse(ReasonValue, "NameID"))
	}
	return &NameID{
		Value: xmldsig.Text(e), Format: trimmed(e, "Format"), NameQualifier: trimmed(e, "NameQualifier"),
		SPNameQualifier: trimmed(e, "SPNameQualifier"), SPProvidedID: trimmed(e, "SPProvidedID"),
	}
}

func (r *reader) context() *RequestedAuthnContext {
	e := r.one(r.root, NSProtocol, "RequestedAuthnContext")
	if e == nil {
		return nil
	}
	c := RequestedAuthnContext{Comparison: trimmed(e, "Comparison")}
	switch c.Comparison {
	case "":
		c.Comparison = "exact"
	case "exact", "minimum", "maximum", "better":
	default:
		r.fail(refuse(ReasonValue, "Comparison"))
	}
	for _, ref := range xmldsig.Children(e, NSAssertion, "AuthnContextClassRef") {
		c.ClassRefs = append(c.ClassRefs, xmldsig.Text(ref))
	}
	for _, ref := range xmldsig.Children(e, NSAssertion, "AuthnContextDeclRef") {
		c.DeclRefs = append(c.DeclRefs, xmldsig.Text(ref))
	}
	if (len(c.ClassRefs) == 0) == (len(c.DeclRefs) == 0) { // a choice of one or the other, SAML core §3.3.2.2.1
		r.fail(refuse(ReasonValue, "RequestedAuthnContext"))
	}
	return &c
}

// trimmed reads an attribute whose type collapses white space.
func trimmed(e *etree.Element, name string) string {
	return strings.Trim(xmldsig.Attr(e, name), " \t\r\n")
}

func optional(e *etree.Element, name string) *string {
	v, ok := xmldsig.LookAttr(e, name)
	if !ok {
		return nil
	}
	return &v
}
