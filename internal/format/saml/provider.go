package saml

import "time"

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
	ValidUntil              time.Time // zero leaves it out
	WantAuthnRequestsSigned bool
	SigningCertificates     [][]byte // DER; the one in use first, then those to come
	NameIDFormats           []string
	SignOn                  []Endpoint // SingleSignOnService
	Logout                  []Endpoint // SingleLogoutService
	Attributes              []AttributeName
	Organization            *Organization
}

// Metadata writes the EntityDescriptor, in the order the schema wants, on one line, unsigned: give it to [xmldsig.Signer.Sign].
func (p IdentityProvider) Metadata() []byte { return nil }
