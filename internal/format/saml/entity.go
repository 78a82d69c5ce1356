package saml

import (
	"crypto/x509"
	"fmt"
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
	Index   int   // 0 to 65535, once each
	Default *bool // isDefault; nil when not given
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
	DisplayName          string // OrganizationDisplayName, the first; for an operator's eyes, never a citizen's
}

// Consumer returns where answers go when a request names no consumer: the one marked default, else the first not marked
// otherwise, else the first (SAML metadata §2.2.3). It returns false for an entity without consumers.
func (e Entity) Consumer() (Consumer, bool) {
	for _, c := range e.Consumers {
		if c.Default != nil && *c.Default {
			return c, true
		}
	}
	for _, c := range e.Consumers {
		if c.Default == nil {
			return c, true
		}
	}
	if len(e.Consumers) == 0 {
		return Consumer{}, false
	}
	return e.Consumers[0], true
}

// EntityError lists every problem found in a metadata file, in words for its owner.
type EntityError struct{ Problems []string }

func (e *EntityError) Error() string { return "metadata: " + strings.Join(e.Problems, "; ") }

// problems collects what is wrong with a file.
type problems []string

func (p *problems) add(format string, args ...any) { *p = append(*p, fmt.Sprintf(format, args...)) }
