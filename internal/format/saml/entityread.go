package saml

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"

	"chave/internal/format/xmldsig"
)

// MetadataLimits bound a metadata file; people write comments into these, which are removed.
func MetadataLimits() xmldsig.Limits {
	return xmldsig.Limits{Bytes: 1 << 20, Depth: 32, Elements: 1 << 13, Attributes: 64, Comments: true}
}

// ParseEntity reads the metadata of one service provider: an EntityDescriptor with one SPSSODescriptor. The error is an *[EntityError] with all
// problems at once, or an *[xmldsig.Error] when the file is not XML that we read. A signature inside is not checked: who vouches for the
// file is the caller's to know. ValidUntil is not compared with the time, nor are the certificates' dates.
func ParseEntity(data []byte) (Entity, error) {
	root, err := xmldsig.Parse(data, MetadataLimits())
	if err != nil {
		return Entity{}, err
	}
	r := entityReader{}
	r.read(root)
	if len(r.problems) > 0 {
		return Entity{}, &EntityError{Problems: r.problems}
	}
	return r.entity, nil
}

type entityReader struct {
	entity Entity
	problems
}

func (r *entityReader) read(root *etree.Element) {
	if xmldsig.Is(root, NSMetadata, "EntitiesDescriptor") {
		r.add("the file lists several entities: cut out the EntityDescriptor of the one service")
		return
	}
	if !xmldsig.Is(root, NSMetadata, "EntityDescriptor") {
		r.add("the root is not an EntityDescriptor of SAML 2.0")
		return
	}
	r.entity.EntityID = trimmed(root, "entityID")
	if id := r.entity.EntityID; id == "" || len(id) > 1024 || strings.ContainsAny(id, " \t\r\n") {
		r.add("entityID is missing, longer than 1024 characters or holds white space")
	}
	r.validUntil(root)
	r.entity.DisplayName = xmldsig.Text(xmldsig.Child(xmldsig.Child(root, NSMetadata, "Organization"), NSMetadata, "OrganizationDisplayName"))
	roles := xmldsig.Children(root, NSMetadata, "SPSSODescriptor")
	if len(roles) != 1 {
		r.add("one SPSSODescriptor is needed, %d are there", len(roles))
		return
	}
	r.role(roles[0])
}

func (r *entityReader) role(e *etree.Element) {
	if !strings.Contains(" "+strings.Join(strings.Fields(xmldsig.Attr(e, "protocolSupportEnumeration")), " ")+" ", " "+NSProtocol+" ") {
		r.add("protocolSupportEnumeration does not name SAML 2.0")
	}
	r.validUntil(e)
	r.entity.AuthnRequestsSigned = r.boolean(e, "AuthnRequestsSigned")
	r.entity.WantAssertionsSigned = r.boolean(e, "WantAssertionsSigned")
	for i, k := range xmldsig.Children(e, NSMetadata, "KeyDescriptor") {
		r.key(i+1, k)
	}
	for _, f := range xmldsig.Children(e, NSMetadata, "NameIDFormat") {
		r.entity.NameIDFormats = append(r.entity.NameIDFormats, xmldsig.Text(f))
	}
	for i, s := range xmldsig.Children(e, NSMetadata, "SingleLogoutService") {
		r.entity.Logout = append(r.entity.Logout, r.endpoint(label("SingleLogoutService", i), s))
	}
	indexes := make(map[int]bool)
	defaults := 0
	for i, s := range xmldsig.Children(e, NSMetadata, "AssertionConsumerService") {
		name := label("AssertionConsumerService", i)
		c := Consumer{Endpoint: r.endpoint(name, s)}
		index, err := strconv.ParseUint(trimmed(s, "index"), 10, 16)
		if err != nil || indexes[int(index)] {
			r.add("%s: index must be a number from 0 to 65535, once each", name)
		}
		c.Index = int(index)
		indexes[c.Index] = true
		if _, given := xmldsig.LookAttr(s, "isDefault"); given {
			is := r.boolean(s, "isDefault")
			c.Default = &is
			if is {
				defaults++
			}
		}
		r.entity.Consumers = append(r.entity.Consumers, c)
	}
	if len(r.entity.Consumers) == 0 {
		r.add("no AssertionConsumerService: there is nowhere to send an answer")
	}
	if defaults > 1 {
		r.add("%d AssertionConsumerServices say that they are the default", defaults)
	}
}

func label(name string, i int) string { return name + " " + strconv.Itoa(i+1) }

// endpoint reads an address. Its fragment would be lost in the browser, and its user name sent along.
func (r *entityReader) endpoint(name string, e *etree.Element) Endpoint {
	p := Endpoint{Binding: trimmed(e, "Binding"), Location: trimmed(e, "Location"), ResponseLocation: trimmed(e, "ResponseLocation")}
	if p.Binding == "" {
		r.add("%s: Binding is missing", name)
	}
	if !address(p.Location) {
		r.add("%s: Location is not an absolute http or https URL without user name and fragment", name)
	}
	if p.ResponseLocation != "" && !address(p.ResponseLocation) {
		r.add("%s: ResponseLocation is not an absolute http or https URL without user name and fragment", name)
	}
	return p
}

func address(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil && !strings.Contains(s, "#") && !strings.ContainsAny(s, " \t\r\n\"<>\\")
}

func (r *entityReader) validUntil(e *etree.Element) {
	v, ok := xmldsig.LookAttr(e, "validUntil")
	if !ok {
		return
	}
	t, err := ParseTime(v)
	if err != nil {
		r.add("validUntil of %s is not a time", e.Tag)
		return
	}
	if now := r.entity.ValidUntil; now.Equal(time.Time{}) || t.Before(now) {
		r.entity.ValidUntil = t
	}
}

func (r *entityReader) boolean(e *etree.Element, name string) bool {
	b := reader{}
	v := b.boolean(e, name)
	if b.err != nil {
		r.add("%s of %s is neither true nor false", name, e.Tag)
	}
	return v
}

// key reads one KeyDescriptor. Without use it is for both (SAML metadata §2.4.1.1).
func (r *entityReader) key(n int, e *etree.Element) {
	use := trimmed(e, "use")
	if use != "" && use != "signing" && use != "encryption" {
		r.add("KeyDescriptor %d: use is neither signing nor encryption", n)
	}
	if use != "signing" {
		for _, m := range xmldsig.Children(e, NSMetadata, "EncryptionMethod") {
			r.entity.EncryptionMethods = append(r.entity.EncryptionMethods, trimmed(m, "Algorithm"))
		}
	}
	found := 0
	for _, data := range xmldsig.Children(xmldsig.Child(e, NSDSig, "KeyInfo"), NSDSig, "X509Data") {
		// Where a chain is given, the first certificate is the service's own; what follows proves nothing to us.
		c := xmldsig.Child(data, NSDSig, "X509Certificate")
		if c == nil {
			continue
		}
		found++
		certificate, problem := certificate(xmldsig.Text(c))
		if problem != "" {
			r.add("KeyDescriptor %d: %s", n, problem)
			continue
		}
		if _, isRSA := certificate.PublicKey.(*rsa.PublicKey); use == "encryption" && !isRSA {
			r.add("KeyDescriptor %d: a key for encryption must be RSA", n)
		} else if use != "signing" && isRSA {
			r.entity.Encryption = append(r.entity.Encryption, certificate)
		}
		if use != "encryption" {
			r.entity.Signing = append(r.entity.Signing, certificate)
		}
	}
	if found == 0 {
		r.add("KeyDescriptor %d holds no X509Certificate", n)
	}
}

// certificate reads base64 of a certificate and judges its key.
func certificate(text string) (*x509.Certificate, string) {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, "the certificate is not base64"
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, "the certificate cannot be read: it must be one X.509 certificate, not a bundle"
	}
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < 2048 {
			return nil, "the certificate's RSA key is shorter than 2048 bits"
		}
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() && k.Curve != elliptic.P384() && k.Curve != elliptic.P521() {
			return nil, "the certificate's curve is none of P-256, P-384 and P-521"
		}
	default:
		return nil, "the certificate's key is neither RSA nor ECDSA"
	}
	return c, ""
}
