package fasaml

import (
	"strconv"
	"strings"
	"time"

	"chave/internal/core/consent"
	"chave/internal/core/service"
	"chave/internal/format/saml"
)

// Answers are text put together, never marshalled: services find elements and attributes by their literal spelling and order (§1.6.2). Elements are unprefixed, the
// namespace is declared anew on Issuer and Assertion, StatusCode has Value and nothing else, and there is no layout. Test vectors B, C and E hold every octet.

// namespaces are declared on each root because xsi:type and its value need them (§1.10).
const namespaces = ` xmlns:xsd="` + saml.NSXSD + `" xmlns:xsi="` + saml.NSXSI + `"`

// head is what every answer begins with.
type head struct {
	ID, InResponseTo string
	At               time.Time
	Destination      string
	Issuer           string
}

// put joins pieces: those at odd places go in as attribute values or content, escaped.
func put(b *strings.Builder, pieces ...string) {
	for i, s := range pieces {
		if i%2 == 1 {
			s = saml.EscapeAttr(s)
		}
		b.WriteString(s)
	}
}

func (h head) open(b *strings.Builder, root string) {
	put(b, `<`+root+namespaces+` ID="`, h.ID, `" InResponseTo="`, h.InResponseTo, `" Version="2.0" IssueInstant="`, saml.Instant(h.At), `" Destination="`, h.Destination,
		`" Consent="`+saml.ConsentUnspecified+`" xmlns="`+saml.NSProtocol+`"><Issuer xmlns="`+saml.NSAssertion+`">`)
	b.WriteString(saml.EscapeText(h.Issuer) + `</Issuer>`)
}

// failure is an answer without anything but its status (vector C).
func (h head) failure(root string, v verdict) []byte {
	var b strings.Builder
	h.open(&b, root)
	code := `<StatusCode Value="` + v.Top + `" />`
	if v.Second != "" {
		code = `<StatusCode Value="` + v.Top + `"><StatusCode Value="` + v.Second + `" /></StatusCode>`
	}
	b.WriteString(`<Status>` + code + `<StatusMessage>` + saml.EscapeText(v.message()) + `</StatusMessage></Status></` + root + `>`)
	return []byte(b.String())
}

const succeeded = `<Status><StatusCode Value="` + saml.StatusSuccess + `" /></Status>`

// loggedOut is the answer to a logout request (vector E).
func (h head) loggedOut() []byte {
	var b strings.Builder
	h.open(&b, "LogoutResponse")
	b.WriteString(succeeded + `</LogoutResponse>`)
	return []byte(b.String())
}

// success is an answer with an assertion (vector B).
type success struct {
	head
	AssertionID  string
	Level        service.Level
	Audience     string // the service's Issuer, as it was sent
	Recipient    string
	Name         nameID
	Address      string // empty leaves it out
	Until        time.Time
	AuthnInstant time.Time
	Attributes   []attribute
}

// attribute is one name as asked, and what there is to say of it.
type attribute struct {
	Name, NameFormat string
	State            consent.State
	Value            string
}

// before and after are the response around its assertion.
func (s success) before(b *strings.Builder) {
	s.open(b, "Response")
	b.WriteString(`<Extensions><fa:FAAALevel xmlns:fa="` + nsAttributes + `">` + strconv.Itoa(int(s.Level)) + `</fa:FAAALevel></Extensions>` + succeeded)
}

const after = `</Response>`

// response is the whole, with the assertion as it stands in it.
func (s success) response() []byte {
	var b strings.Builder
	s.before(&b)
	s.assertion(&b, "")
	b.WriteString(after)
	return []byte(b.String())
}

// assertion writes it for its place in the response, or, with namespaces of its own, as a document that can be signed before it is put there.
func (s success) assertion(b *strings.Builder, namespaces string) {
	put(b, `<Assertion Version="2.0" ID="`, s.AssertionID, `" IssueInstant="`, saml.Instant(s.At), `" xmlns="`+saml.NSAssertion+`"`+namespaces+`><Issuer>`)
	b.WriteString(saml.EscapeText(s.Issuer) + `</Issuer><Subject>`)
	s.Name.write(b)
	put(b, `<SubjectConfirmation Method="`+saml.MethodBearer+`"><SubjectConfirmationData NotOnOrAfter="`, saml.Second(s.Until), `" Recipient="`, s.Recipient,
		`" InResponseTo="`, s.InResponseTo, `"`)
	if s.Address != "" {
		put(b, ` Address="`, s.Address, `"`)
	}
	put(b, ` /></SubjectConfirmation></Subject><Conditions NotBefore="`, saml.Second(s.At), `" NotOnOrAfter="`, saml.Second(s.Until), `"><AudienceRestriction><Audience>`)
	b.WriteString(saml.EscapeText(s.Audience))
	put(b, `</Audience></AudienceRestriction><OneTimeUse /></Conditions><AuthnStatement AuthnInstant="`, saml.Instant(s.AuthnInstant),
		`"><AuthnContext><AuthnContextDecl xsi:type="xsd:string" /></AuthnContext></AuthnStatement><AttributeStatement>`)
	for _, a := range s.Attributes {
		a.write(b)
	}
	b.WriteString(`</AttributeStatement></Assertion>`)
}

// write declares d4p1 on each attribute, as the original does: a client looks for the literal name d4p1:AttributeStatus (§1.6.2).
func (a attribute) write(b *strings.Builder) {
	format := a.NameFormat
	if format == "" {
		format = saml.AttrNameURI
	}
	put(b, `<Attribute Name="`, a.Name, `" NameFormat="`, format, `" d4p1:AttributeStatus="`, string(a.State), `" xmlns:d4p1="`+nsAttributes+`"`)
	if a.State != consent.Available {
		b.WriteString(` />`)
		return
	}
	b.WriteString(`><AttributeValue xsi:type="xsd:string">` + saml.EscapeText(a.Value) + `</AttributeValue></Attribute>`)
}
