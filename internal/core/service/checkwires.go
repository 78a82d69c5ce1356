package service

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"chave/internal/core/consent"
)

var clientIDForm = regexp.MustCompile(`^[0-9]{9,19}$`)

func checkSAML(bad report, s *Settings, now time.Time) {
	if s.SAML == nil {
		return
	}
	one := *s.SAML // defaults are filled in a copy: the settings belong to the caller
	s.SAML = &one
	oneOf(bad, "saml.wire", one.Wire, WireFA, WireSAML)
	fillFromMetadata(bad, &one, now)
	if u, err := url.Parse(one.Issuer); err != nil || !u.IsAbs() || len(one.Issuer) > 1024 {
		bad("saml.issuer", "%q is not a URI", one.Issuer)
	}
	if len(one.ACS) == 0 {
		bad("saml.acs", "name at least one address that responses may go to")
	}
	checkURIs(bad, "saml.acs", one.ACS, false)
	if one.Logout != "" {
		checkURIs(bad, "saml.logout", []string{one.Logout}, false)
	}
	checkDomain(bad, "saml.logout_domain", one.LogoutDomain)
	if len(one.Certificates) == 0 && !one.UnsignedRequests {
		bad("saml.certificates", "requests must be signed: give the service's certificate in PEM")
	}
	for i, text := range one.Certificates {
		if _, err := Certificate(text); err != nil {
			bad(fmt.Sprintf("saml.certificates[%d]", i), "%v", err)
		}
	}
	if one.EncryptTo != "" {
		if cert, err := Certificate(one.EncryptTo); err != nil {
			bad("saml.encrypt_to", "%v", err)
		} else if _, ok := cert.PublicKey.(*rsa.PublicKey); !ok {
			bad("saml.encrypt_to", "only RSA keys can be encrypted to (RSA-OAEP)")
		}
	}
	checkAlso(bad, "saml.also", one.Also)
	switch one.Wire {
	case WireFA:
		checkFA(bad, s, &one)
	case WireSAML:
		def(&one.NameID, "persistent")
		def(&one.AttributeNames, "oid")
		def(&one.LogoutBinding, "post")
		oneOf(bad, "saml.name_id", one.NameID, "persistent", "transient")
		oneOf(bad, "saml.attribute_names", one.AttributeNames, "oid", "friendly", "uri")
		oneOf(bad, "saml.logout_binding", one.LogoutBinding, "post", "redirect")
		if one.SkipConsent {
			bad("saml.skip_consent", "only Portugal's profile has it")
		}
	}
}

func checkFA(bad report, s *Settings, one *SAML) {
	def(&one.DefaultLevel, LevelCard)
	def(&one.Signature, "modern")
	def(&one.Recipient, "acs")
	def(&one.NameID, "constant")
	if one.DefaultLevel < LevelPassword || one.DefaultLevel > LevelCard {
		bad("saml.default_level", "%d is not 1 to 4", one.DefaultLevel)
	}
	oneOf(bad, "saml.signature", one.Signature, "modern", "observed", "legacy")
	oneOf(bad, "saml.recipient", one.Recipient, "acs", "issuer")
	oneOf(bad, "saml.name_id", one.NameID, "constant", "pairwise")
	if _, on := s.Compat[LegacySHA1]; one.Signature == "legacy" && !on {
		bad("saml.signature", "legacy signs with SHA-1: turn on compat.legacy_sha1 too, or choose observed")
	}
	if one.UnsignedRequests {
		bad("saml.unsigned_requests", "requests over fa are always signed (cmd-authentication.md §1.4.1)")
	}
	if one.EncryptTo != "" {
		bad("saml.encrypt_to", "assertions over fa are never encrypted (cmd-authentication.md §1.6.1)")
	}
	if one.Metadata != "" {
		bad("saml.metadata", "fa knows no metadata: give issuer, acs and certificates")
	}
}

func checkOAuth(bad report, s *Settings) {
	if s.OAuth == nil {
		return
	}
	one := *s.OAuth
	s.OAuth = &one
	if !clientIDForm.MatchString(one.ClientID) {
		bad("oauth.client_id", "%q is not 9 to 19 digits", one.ClientID)
	}
	checkDomain(bad, "oauth.domain", one.Domain)
	checkURIs(bad, "oauth.redirect_uris", one.RedirectURIs, false)
	if one.Callback != "" {
		checkURIs(bad, "oauth.callback", []string{one.Callback}, false)
	}
	if one.Certificate != "" {
		if cert, err := Certificate(one.Certificate); err != nil {
			bad("oauth.certificate", "%v", err)
		} else if _, ok := cert.PublicKey.(*rsa.PublicKey); !ok {
			bad("oauth.certificate", "QR-code requests are signed with RSA (cmd-authentication.md §2.7.1)")
		}
	}
	checkAlso(bad, "oauth.also", one.Also)
	if _, on := s.Compat[ImplicitToken]; !on {
		bad("compat.implicit_token", "the OAuth door hands a token out in an address: turn the switch on, or use OpenID Connect instead")
	}
}

func checkCompat(bad report, s Settings) {
	for what, a := range s.Compat {
		if !slices.Contains(Switches(), what) {
			bad("compat."+string(what), "is not one of %v", Switches())
		}
		if a.Until != "" {
			if _, err := time.Parse(time.DateOnly, a.Until); err != nil {
				bad("compat."+string(what)+".until", "%q is not a day written YYYY-MM-DD", a.Until)
			}
		}
	}
}

func checkAlso(bad report, path string, names []consent.Name) {
	for i, name := range names {
		if _, ok := consent.Lookup(name); !ok {
			bad(fmt.Sprintf("%s[%d]", path, i), "%q is not in the catalogue", name)
		}
	}
}

// checkDomain wants a host name with a dot: a suffix rule on "pt" would hold for a whole country.
func checkDomain(bad report, path, domain string) {
	if domain == "" {
		return
	}
	if u, err := url.Parse("https://" + domain); err != nil || u.Host != domain || u.Port() != "" || !strings.Contains(strings.Trim(domain, "."), ".") {
		bad(path, "%q is not a domain such as service.example", domain)
	}
}

// Certificate reads one certificate in PEM, with an RSA key of 2048 bits or more, or an ECDSA one (cmd-authentication.md §1.7.2).
func Certificate(text string) (*x509.Certificate, error) {
	block, rest := pem.Decode([]byte(strings.TrimSpace(text)))
	if block == nil || block.Type != "CERTIFICATE" || len(strings.TrimSpace(string(rest))) > 0 {
		return nil, fmt.Errorf("is not one certificate in PEM")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", err)
	}
	switch key := cert.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 {
			return nil, fmt.Errorf("holds an RSA key of %d bits: 2048 is the least", key.N.BitLen())
		}
	case *ecdsa.PublicKey:
	default:
		return nil, fmt.Errorf("holds a %T: RSA and ECDSA are known", key)
	}
	return cert, nil
}

// Keys lists the public keys of the certificates that have begun and not ended.
func (s SAML) Keys(now time.Time) []crypto.PublicKey {
	var keys []crypto.PublicKey
	for _, text := range s.Certificates {
		if cert, err := Certificate(text); err == nil && !now.Before(cert.NotBefore) && !now.After(cert.NotAfter) {
			keys = append(keys, cert.PublicKey)
		}
	}
	return keys
}
