package saml

import (
	"time"

	"github.com/beevik/etree"
)

// Message is what every SAML message carries.
type Message struct {
	ID           string // an NCName, as sent
	Version      string // as sent: whether it is "2.0" is the wire's question, because the answer may be posted
	IssueInstant time.Time
	Destination  string
	Consent      string
	Issuer       string // trimmed
	IssuerFormat string

	// Extensions is the element, or nil. In an AuthnRequest it is in the protocol namespace; in a LogoutRequest, in any or
	// none (cmd-authentication §1.8.1).
	Extensions *etree.Element
}

// NameID names a person, or says what sort of name is meant; its value may be empty.
type NameID struct {
	Value           string // trimmed
	Format          string
	NameQualifier   string
	SPNameQualifier string
	SPProvidedID    string
}

// NameIDPolicy is what sort of name a service would like.
type NameIDPolicy struct {
	Format          string
	SPNameQualifier string
	AllowCreate     bool
}

// RequestedAuthnContext is how strong a sign-in a service asks for. Class and declaration references never stand together.
type RequestedAuthnContext struct {
	Comparison string // "exact" when not given; "minimum", "maximum", "better"
	ClassRefs  []string
	DeclRefs   []string
}

// AuthnRequest asks for a sign-in (SAML core §3.4.1).
type AuthnRequest struct {
	Message
	ForceAuthn                     bool
	IsPassive                      bool
	ProtocolBinding                string
	AssertionConsumerServiceURL    string
	AssertionConsumerServiceIndex  *string // nil when the attribute is absent; otherwise as sent
	AttributeConsumingServiceIndex *string // nil when the attribute is absent; otherwise as sent
	ProviderName                   string  // never shown to a person: the registry's name is
	NameIDPolicy                   *NameIDPolicy
	RequestedAuthnContext          *RequestedAuthnContext
	Subject                        *NameID // the person the service expects, if it named one by NameID
	OtherSubject                   bool    // Subject is there, but names nobody by NameID (BaseID, EncryptedID, confirmations only)
}

// LogoutRequest asks for the end of a session (SAML core §3.7.1).
type LogoutRequest struct {
	Message
	NameID         *NameID // nil when the message names nobody by NameID
	OtherNameID    bool    // an EncryptedID or BaseID stands in its place
	SessionIndexes []string
	NotOnOrAfter   time.Time // zero when absent
	Reason         string
}

// Status is the outcome that an answer tells.
type Status struct {
	Code    string // top level
	Second  string // second level, or ""
	Message string
}

// LogoutResponse answers a LogoutRequest (SAML core §3.7.2).
type LogoutResponse struct {
	Message
	InResponseTo string
	Status       Status
}
