package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/big"
	"sync/atomic"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/random"
	"chave/internal/outside/pki/lint"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// order is what a certificate is asked for.
type order struct {
	kind      lint.Kind
	name      []byte // DER
	public    crypto.PublicKey
	notBefore time.Time
	notAfter  time.Time
	person    *citizen.Person // of a person's
}

// signerOf is an authority that can sign: its certificate and the key lent for it. A root that is being made has no certificate yet.
type signerOf struct {
	id   string // under which its list and its certificate are served
	cert *x509.Certificate
	key  crypto.Signer
}

// token is the right to have one certificate signed: these bytes, by this issuer, once. Only prepare makes one, after the linter had nothing to say, so that nothing can
// be signed that was not checked.
type token struct {
	serial    string
	tbs       []byte
	algorithm []byte // AlgorithmIdentifier, DER
	hash      crypto.Hash
	issuer    *signerOf
	self      bool
	spent     atomic.Bool
}

var errSpent = errors.New("a token signs once, and for the issuer it was made for")

// prepare writes what will be signed and lints it. throwaway signs the copy that is linted; it is of the same sort as the issuer's key, for the name of
// the algorithm is part of what is signed.
func (p *Profiles) prepare(o order, by *signerOf, throwaway crypto.Signer, source io.Reader) (*token, error) {
	of := profileOf(o.kind)
	serial := new(big.Int).SetBytes(random.Bytes(source, 16))
	template := &x509.Certificate{
		SerialNumber: serial, RawSubject: o.name, NotBefore: o.notBefore.UTC().Truncate(time.Second), NotAfter: o.notAfter.UTC().Truncate(time.Second),
		KeyUsage: of.usage, BasicConstraintsValid: true, IsCA: of.authority, MaxPathLen: -1,
	}
	spki, err := x509.MarshalPKIXPublicKey(o.public)
	if err != nil {
		return nil, fmt.Errorf("prepare certificate: %w", err)
	}
	template.SubjectKeyId = lint.KeyIdentifier(spki)
	if of.lastBelow {
		template.MaxPathLen, template.MaxPathLenZero = 0, true
	}
	p.point(template, of, by.id)
	if template.ExtraExtensions, err = p.extraExtensions(of, o); err != nil {
		return nil, fmt.Errorf("prepare certificate: %w", err)
	}
	parent := &x509.Certificate{RawSubject: o.name, SubjectKeyId: template.SubjectKeyId}
	if by.cert != nil {
		parent = &x509.Certificate{RawSubject: by.cert.RawSubject, SubjectKeyId: by.cert.SubjectKeyId}
	}
	template.SignatureAlgorithm = algorithmFor(by.key.Public())
	copied, err := x509.CreateCertificate(rand.Reader, template, parent, o.public, throwaway)
	if err != nil {
		return nil, fmt.Errorf("prepare certificate: %w", err)
	}
	parsed, err := x509.ParseCertificate(copied)
	if err != nil {
		return nil, fmt.Errorf("prepare certificate: %w", err)
	}
	if err := lint.Check(p.candidate(o.kind, parsed, by.cert)); err != nil {
		return nil, &refusedError{err}
	}
	t := &token{serial: serialText(serial), tbs: parsed.RawTBSCertificate, hash: hashFor(template.SignatureAlgorithm), issuer: by, self: by.cert == nil}
	if t.algorithm, err = outerAlgorithm(copied); err != nil {
		return nil, err
	}
	return t, nil
}

// refusedError is what the linter said.
type refusedError struct{ cause error }

func (e *refusedError) Error() string {
	return "the linter refuses the certificate: " + e.cause.Error()
}
func (e *refusedError) Unwrap() error { return e.cause }

func (p *Profiles) point(t *x509.Certificate, of profile, issuer string) {
	if of.asksStatus {
		t.OCSPServer = []string{p.ocspAddress()}
	}
	if of.listed {
		t.CRLDistributionPoints = []string{p.crlAddress(issuer)}
	}
	if of.hasIssuer {
		t.IssuingCertificateURL = []string{p.cerAddress(issuer)}
	}
	if of.extended == x509.ExtKeyUsageOCSPSigning {
		t.ExtKeyUsage = []x509.ExtKeyUsage{of.extended}
	}
}

func (p *Profiles) extraExtensions(of profile, o order) ([]pkix.Extension, error) {
	var all []pkix.Extension
	var problems []error
	add := func(e pkix.Extension, err error) { all, problems = append(all, e), append(problems, err) }
	if of.extended == x509.ExtKeyUsageTimeStamping {
		add(timeStampingExtension())
	}
	if of.noCheck {
		add(noCheckExtension())
	}
	if of.kind != lint.Root {
		add(p.policyExtension(of))
	}
	if of.aboutPerson && o.person != nil {
		add(birthExtension(o.person.BirthDate))
	}
	if of.aboutPerson && p.settings.Qualified != nil {
		add(p.statementExtension())
	}
	return all, errors.Join(problems...)
}

// sign spends the token. What comes out is checked once more under the issuer's certificate: a module that signed something else must not go unnoticed.
func (t *token) sign(by *signerOf) ([]byte, error) {
	if by != t.issuer || t.spent.Swap(true) {
		return nil, errSpent
	}
	h := t.hash.New()
	h.Write(t.tbs)
	signature, err := by.key.Sign(rand.Reader, h.Sum(nil), t.hash)
	if err != nil {
		return nil, fmt.Errorf("sign certificate %s: %w", t.serial, err)
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(t.tbs)
		b.AddBytes(t.algorithm)
		b.AddASN1BitString(signature)
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("sign certificate %s: %w", t.serial, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("sign certificate %s: %w", t.serial, err)
	}
	issuer := by.cert
	if t.self {
		issuer = cert
	}
	if err := cert.CheckSignatureFrom(issuer); err != nil || !bytes.Equal(cert.RawTBSCertificate, t.tbs) {
		return nil, fmt.Errorf("sign certificate %s: the signature that came back is not right: %w", t.serial, err)
	}
	return der, nil
}

// serialText is a serial as rows have it: 32 hexadecimal digits; empty for a number that none of ours can be.
func serialText(n *big.Int) string {
	if n.Sign() <= 0 || n.BitLen() > 128 {
		return ""
	}
	return hex.EncodeToString(n.FillBytes(make([]byte, 16)))
}

func algorithmFor(public crypto.PublicKey) x509.SignatureAlgorithm {
	if k, ok := public.(*ecdsa.PublicKey); ok {
		if k.Curve == elliptic.P384() {
			return x509.ECDSAWithSHA384
		}
		return x509.ECDSAWithSHA256
	}
	return x509.SHA256WithRSA
}

func hashFor(a x509.SignatureAlgorithm) crypto.Hash {
	if a == x509.ECDSAWithSHA384 {
		return crypto.SHA384
	}
	return crypto.SHA256
}

// outerAlgorithm is the AlgorithmIdentifier that stands between a certificate's contents and its signature.
func outerAlgorithm(der []byte) ([]byte, error) {
	in := cryptobyte.String(der)
	var outer, algorithm cryptobyte.String
	if !in.ReadASN1(&outer, casn1.SEQUENCE) || !outer.SkipASN1(casn1.SEQUENCE) || !outer.ReadASN1Element(&algorithm, casn1.SEQUENCE) {
		return nil, asn1.StructuralError{Msg: "no certificate"}
	}
	return bytes.Clone(algorithm), nil
}

// newThrowaway makes a key of the sort of another one. It signs copies for the linter and nothing else; its strength is nobody's concern, its algorithm's name is.
func newThrowaway(like crypto.PublicKey) (crypto.Signer, error) {
	if k, ok := like.(*ecdsa.PublicKey); ok {
		return ecdsa.GenerateKey(k.Curve, rand.Reader)
	}
	return rsa.GenerateKey(rand.Reader, 2048)
}
