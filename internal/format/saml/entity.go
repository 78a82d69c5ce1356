package saml

import (
	"crypto/x509"
	"strings"
	"time"
)

// Endpoint is where a service receives messages of one binding.
type Endpoint struct {
	Binding          string
	Location         string // absolute http or https URL; whether http will do is the wire's question
	ResponseLocation string // where answers go, when they go elsewhere; otherwise ""
}

// Consumer is an indexed endpoint for assertions.
type Consumer struct {
	Endpoint
	Index   int  // 0 to 65535
	Default bool // isDefault="true"
}

// Entity is what the metadata of one service provider says (SAML metadata §2.4.4).
type Entity struct {
	EntityID             string
	ValidUntil           time.Time // zero when absent; the earlier of the entity's and the role's
	Consumers            []Consumer
	Logout               []Endpoint
	Signing              []*x509.Certificate
	Encryption           []*x509.Certificate
	EncryptionMethods    []string // algorithm URIs the service lists for encryption, in its order of preference; often empty
	NameIDFormats        []string
	AuthnRequestsSigned  bool
	WantAssertionsSigned bool
	DisplayName          string // OrganizationDisplayName or the UI name, first language; for an operator's eyes
}

// Consumer returns the consumer that answers go to when a request names none: the default one, else the first that is not marked false, else the first (SAML metadata §2.2.3).
func (e Entity) Consumer() (Consumer, bool) {
	return Consumer{}, false
}

// EntityError lists every problem found in a metadata file, in words for its owner.
type EntityError struct{ Problems []string }

func (e *EntityError) Error() string { return "metadata: " + strings.Join(e.Problems, "; ") }

// ParseEntity reads the metadata of one service provider: an EntityDescriptor with one SPSSODescriptor. The error is an *[EntityError] with all
// problems at once, or an *[xmldsig.Error] when the file is not XML that we read. A signature inside is not checked: who vouches for the file is the caller's to know.
func ParseEntity(data []byte) (Entity, error) {
	return Entity{}, &EntityError{}
}
