package saml

import (
	"cmp"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// Organization runs an identity provider.
type Organization struct {
	Lang        string // "pt" when empty
	Name        string
	DisplayName string
	URL         string
}

// AttributeName is an attribute that an identity provider may release.
type AttributeName struct {
	Name         string
	NameFormat   string // AttrNameURI when empty
	FriendlyName string
}

// IdentityProvider is what our own metadata says.
type IdentityProvider struct {
	ID                      string // of the document, for its signature; see NewID
	EntityID                string
	ValidUntil              time.Time     // zero leaves it out
	CacheDuration           time.Duration // how long a reader may keep it, in whole seconds; zero leaves it out
	WantAuthnRequestsSigned bool
	SigningCertificates     [][]byte // DER; the one in use first, then those to come
	NameIDFormats           []string
	SignOn                  []Endpoint // SingleSignOnService; one at least
	Logout                  []Endpoint // SingleLogoutService
	Attributes              []AttributeName
	Organization            *Organization
}

// Metadata writes the EntityDescriptor, in the order the schema wants (SAML metadata §2.3.2, §2.4.3), on one line, unsigned: give it to [xmldsig.Signer.Sign].
func (p IdentityProvider) Metadata() []byte {
	var b strings.Builder
	put := func(parts ...string) {
		for _, s := range parts {
			b.WriteString(s)
		}
	}
	// The unprefixed namespace is metadata's; saml and ds are declared where they are used.
	put(`<EntityDescriptor xmlns="`, NSMetadata, `" ID="`, EscapeAttr(p.ID), `" entityID="`, EscapeAttr(p.EntityID), `"`)
	if !p.ValidUntil.IsZero() {
		put(` validUntil="`, Second(p.ValidUntil), `"`)
	}
	if seconds := int64(p.CacheDuration / time.Second); seconds > 0 {
		put(` cacheDuration="PT`, strconv.FormatInt(seconds, 10), `S"`)
	}
	put(`><IDPSSODescriptor WantAuthnRequestsSigned="`, boolean(p.WantAuthnRequestsSigned), `" protocolSupportEnumeration="`, NSProtocol, `">`)
	for _, der := range p.SigningCertificates {
		put(`<KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="`, NSDSig, `"><ds:X509Data><ds:X509Certificate>`,
			base64.StdEncoding.EncodeToString(der), `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>`)
	}
	for _, e := range p.Logout {
		put(endpoint("SingleLogoutService", e))
	}
	for _, f := range p.NameIDFormats {
		put(`<NameIDFormat>`, EscapeText(f), `</NameIDFormat>`)
	}
	for _, e := range p.SignOn {
		put(endpoint("SingleSignOnService", e))
	}
	for _, a := range p.Attributes {
		put(`<saml:Attribute xmlns:saml="`, NSAssertion, `" Name="`, EscapeAttr(a.Name), `" NameFormat="`, EscapeAttr(cmp.Or(a.NameFormat, AttrNameURI)), `"`)
		if a.FriendlyName != "" {
			put(` FriendlyName="`, EscapeAttr(a.FriendlyName), `"`)
		}
		put(`/>`)
	}
	put(`</IDPSSODescriptor>`)
	if o := p.Organization; o != nil {
		lang := ` xml:lang="` + EscapeAttr(cmp.Or(o.Lang, "pt")) + `">`
		put(`<Organization><OrganizationName`, lang, EscapeText(o.Name), `</OrganizationName><OrganizationDisplayName`, lang, EscapeText(o.DisplayName),
			`</OrganizationDisplayName><OrganizationURL`, lang, EscapeText(o.URL), `</OrganizationURL></Organization>`)
	}
	put(`</EntityDescriptor>`)
	return []byte(b.String())
}

func endpoint(name string, e Endpoint) string {
	s := `<` + name + ` Binding="` + EscapeAttr(e.Binding) + `" Location="` + EscapeAttr(e.Location) + `"`
	if e.ResponseLocation != "" {
		s += ` ResponseLocation="` + EscapeAttr(e.ResponseLocation) + `"`
	}
	return s + `/>`
}

func boolean(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
