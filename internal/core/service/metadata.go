package service

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"slices"
	"time"

	"chave/internal/format/saml"
)

// fillFromMetadata reads what a registration leaves empty from the service's own metadata document. What the operator wrote stays; only the entity id must be the same
// in both, for the document is then another service's. now is the instant that the document must outlive; zero asks for none.
func fillFromMetadata(bad report, one *SAML, now time.Time) {
	if one.Metadata == "" || one.Wire != WireSAML {
		return
	}
	entity, err := saml.ParseEntity([]byte(one.Metadata))
	var several *saml.EntityError
	switch {
	case errors.As(err, &several):
		for _, says := range several.Problems {
			bad("saml.metadata", "%s", says)
		}
		return
	case err != nil:
		bad("saml.metadata", "cannot be read as XML: %v", err)
		return
	}
	if ends := entity.ValidUntil; !ends.IsZero() && !now.IsZero() && !now.Before(ends) {
		bad("saml.metadata", "ended on %s (validUntil): ask the service for its present one", ends.Format(time.DateOnly))
	}
	if def(&one.Issuer, entity.EntityID); one.Issuer != entity.EntityID {
		bad("saml.issuer", "%q is not the entityID of the metadata, %q", one.Issuer, entity.EntityID)
	}
	if len(one.ACS) == 0 {
		if one.ACS = consumersOf(entity); len(one.ACS) == 0 {
			bad("saml.metadata", "has no AssertionConsumerService for HTTP-POST, the one binding that answers go by")
		}
	}
	if one.Logout == "" {
		one.Logout, one.LogoutBinding = logoutOf(entity, one.LogoutBinding)
	}
	if len(one.Certificates) == 0 {
		for _, c := range entity.Signing {
			one.Certificates = append(one.Certificates, inPEM(c))
		}
	}
	if one.EncryptTo == "" && len(entity.Encryption) > 0 {
		one.EncryptTo = inPEM(entity.Encryption[0])
	}
}

// consumersOf lists the addresses for answers, the default first.
func consumersOf(entity saml.Entity) []string {
	var all []string
	add := func(c saml.Consumer) {
		if c.Binding == saml.BindingPOST && !slices.Contains(all, c.Location) {
			all = append(all, c.Location)
		}
	}
	if first, ok := entity.Consumer(); ok {
		add(first)
	}
	for _, c := range entity.Consumers {
		add(c)
	}
	return all
}

// logoutOf picks the address for logouts. Redirect comes first unless the operator says otherwise: a form that another site posts does not carry the service's
// cookies (SameSite), so the service would not know whose session to end.
func logoutOf(entity saml.Entity, wanted string) (address, binding string) {
	for _, b := range []struct{ uri, name string }{{saml.BindingRedirect, "redirect"}, {saml.BindingPOST, "post"}} {
		for _, e := range entity.Logout {
			if e.Binding == b.uri && (wanted == "" || wanted == b.name) {
				return e.Location, b.name
			}
		}
	}
	return "", wanted
}

func inPEM(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}
