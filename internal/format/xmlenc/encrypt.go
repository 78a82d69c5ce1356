package xmlenc

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	_ "crypto/sha1" //nolint:gosec // inside OAEP, where collisions do not matter; the one form all readers have
	_ "crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"chave/internal/format/xmldsig"
)

// Cipher is how the assertion is encrypted.
type Cipher string

// The ciphers.
const (
	AES256GCM Cipher = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
	AES128GCM Cipher = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
)

// Transport is how the key is encrypted.
type Transport string

// The transports.
const (
	// OAEP is RSA-OAEP with SHA-1 inside, the form that every library reads. OAEP does not need its hash to resist collisions, so
	// SHA-1's weakness does not touch it.
	OAEP Transport = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
	// OAEPSHA256 is RSA-OAEP with SHA-256 for both, for services whose libraries know XML Encryption 1.1.
	OAEPSHA256 Transport = "http://www.w3.org/2009/xmlenc11#rsa-oaep"
)

// Options choose algorithms; the zero value is AES-256-GCM with OAEP.
type Options struct {
	Cipher    Cipher
	Transport Transport
}

// What can be wrong with a request to encrypt.
var (
	ErrAssertion = errors.New("xmlenc: not one Assertion that declares its own namespaces")
	ErrKey       = errors.New("xmlenc: the certificate's key is not RSA of 2048 bits or more")
	ErrOptions   = errors.New("xmlenc: no such algorithm")
)

const spaceAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"

// EncryptAssertion returns an EncryptedAssertion element that holds a whole Assertion element, which declares all its namespaces
// itself, those used in values too. The certificate's key is RSA of 2048 bits or more; random is crypto/rand outside tests.
// Each call draws a new key, so no nonce ever repeats under one.
func EncryptAssertion(assertion []byte, to *x509.Certificate, o Options, random io.Reader) ([]byte, error) {
	// The reader will put the plain text in place of what encloses it, so a prefix declared elsewhere would be lost or mean something else.
	root, err := xmldsig.Parse(assertion, xmldsig.Limits{Bytes: 1 << 20, Depth: 64, Elements: 1 << 14, Attributes: 64})
	if err != nil || !xmldsig.Is(root, spaceAssertion, "Assertion") || !bytes.HasPrefix(assertion, []byte("<")) || bytes.HasPrefix(assertion, []byte("<?")) {
		return nil, ErrAssertion
	}
	if to == nil {
		return nil, ErrKey
	}
	public, ok := to.PublicKey.(*rsa.PublicKey)
	if !ok || public.N.BitLen() < 2048 {
		return nil, ErrKey
	}
	size, err := o.check()
	if err != nil {
		return nil, err
	}
	key := make([]byte, size)
	if _, err := io.ReadFull(random, key); err != nil {
		return nil, fmt.Errorf("draw a key: %w", err)
	}
	defer clear(key)
	hash := crypto.SHA1
	if o.Transport == OAEPSHA256 {
		hash = crypto.SHA256
	}
	wrapped, err := rsa.EncryptOAEP(hash.New(), random, public, key, nil)
	if err != nil {
		return nil, fmt.Errorf("encrypt the key: %w", err)
	}
	sealed, err := seal(key, assertion, random)
	if err != nil {
		return nil, err
	}
	return o.layout(to.Raw, wrapped, sealed), nil
}

// check fills in the defaults and returns the key's size in octets.
func (o *Options) check() (int, error) {
	if o.Transport == "" {
		o.Transport = OAEP
	}
	if o.Cipher == "" {
		o.Cipher = AES256GCM
	}
	if o.Transport != OAEP && o.Transport != OAEPSHA256 {
		return 0, ErrOptions
	}
	switch o.Cipher {
	case AES256GCM:
		return 32, nil
	case AES128GCM:
		return 16, nil
	}
	return 0, ErrOptions
}

// seal returns nonce, cipher text and tag in a row (XML Encryption 1.1 §5.2.4).
func seal(key, plain []byte, random io.Reader) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, gcm.NonceSize(), gcm.NonceSize()+len(plain)+gcm.Overhead())
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, fmt.Errorf("draw a nonce: %w", err)
	}
	return gcm.Seal(nonce, nonce, plain, nil), nil
}

// layout writes the element: the encrypted key inside KeyInfo of the data it opens, with the certificate it is for.
func (o Options) layout(certificate, wrapped, sealed []byte) []byte {
	inside := `<ds:DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"/>`
	if o.Transport == OAEPSHA256 {
		inside = `<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>` +
			`<xenc11:MGF xmlns:xenc11="http://www.w3.org/2009/xmlenc11#" Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha256"/>`
	}
	value := func(b []byte) string {
		return `<xenc:CipherData><xenc:CipherValue>` + base64.StdEncoding.EncodeToString(b) + `</xenc:CipherValue></xenc:CipherData>`
	}
	return []byte(`<EncryptedAssertion xmlns="` + spaceAssertion + `">` +
		`<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="http://www.w3.org/2001/04/xmlenc#Element">` +
		`<xenc:EncryptionMethod Algorithm="` + string(o.Cipher) + `"/>` +
		`<ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedKey>` +
		`<xenc:EncryptionMethod Algorithm="` + string(o.Transport) + `">` + inside + `</xenc:EncryptionMethod>` +
		`<ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + base64.StdEncoding.EncodeToString(certificate) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo>` +
		value(wrapped) + `</xenc:EncryptedKey></ds:KeyInfo>` +
		value(sealed) + `</xenc:EncryptedData></EncryptedAssertion>`)
}
