package fasaml

import (
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"

	"chave/internal/core/citizen"
	"chave/internal/core/fault"
	"chave/internal/core/service"
	"chave/internal/format/saml"
)

// nameID is who the assertion is about. Services know people by their attributes; the original writes the same constant for everybody (question 5.8).
type nameID struct {
	Format, Value string
	By, For       string // qualifiers; empty leaves both out
}

func (n nameID) write(b *strings.Builder) {
	put(b, `<NameID Format="`, n.Format, `"`)
	if n.By != "" {
		put(b, ` NameQualifier="`, n.By, `" SPNameQualifier="`, n.For, `"`)
	}
	b.WriteString(`>` + saml.EscapeText(n.Value) + `</NameID>`)
}

func constantName() nameID {
	return nameID{Format: saml.NameIDUnspecified, Value: saml.NameIDUnspecified}
}

// nameID is the constant, or for a service that wants to recognise people without asking who they are, a name that only it sees. It is derived under the oldest root of
// the keystore, so that it outlives rotations, and under a label of this wire, so that it tells nothing about the subjects of others.
func (p *Provider) nameID(s service.Service, q request, who citizen.ID) (nameID, error) {
	if s.SAML.NameID != "pairwise" {
		return constantName(), nil
	}
	roots := p.Vault.KeyIDs()
	mac, err := p.Vault.MACWith(roots[len(roots)-1], "fasaml/name/pairwise", []byte(s.ID), []byte(who))
	if err != nil {
		return nameID{}, fault.New(fault.StoreUnavailable).Because(fmt.Errorf("derive a pairwise name: %w", err))
	}
	return nameID{saml.NameIDPersistent, base64.RawURLEncoding.EncodeToString(mac), p.EntityID, q.Issuer}, nil
}

// address keeps what is an IP address and nothing else: services parse it (question 5.7).
func address(text string) string {
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return ""
	}
	return ip.Unmap().WithZone("").String()
}
