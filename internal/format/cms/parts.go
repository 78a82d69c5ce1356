package cms

import (
	"bytes"
	"encoding/asn1"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cb "golang.org/x/crypto/cryptobyte/asn1"
)

// elementLimit bounds each list inside one structure. Real files carry a dozen certificates, and CRLs by the handful.
const elementLimit = 512

var (
	oidOCSPResponse = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 16, 2}    // RFC 5940 §3: a whole OCSPResponse
	oidOCSPBasic    = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1} // the same without its envelope
)

// parts is a SignedData cut into elements that are moved, never written anew: what somebody signed stays octet for octet.
type parts struct {
	contentType asn1.ObjectIdentifier
	digests     []byte   // SET OF AlgorithmIdentifier
	encap       []byte   // EncapsulatedContentInfo
	certs       [][]byte // CertificateChoices
	crls        [][]byte // RevocationInfoChoices
	signers     [][]byte // SignerInfo
}

// version follows from what is inside (RFC 5652 §5.1).
func (p *parts) version() int64 {
	v := int64(1)
	if !p.contentType.Equal(OIDData) {
		v = 3
	}
	for _, s := range p.signers {
		in := cryptobyte.String(s)
		var seq cryptobyte.String
		var n int64
		if in.ReadASN1(&seq, cb.SEQUENCE) && seq.ReadASN1Integer(&n) && n == 3 {
			v = 3
		}
	}
	for _, c := range p.certs {
		switch c[0] {
		case 0xa1: // version 1 attribute certificate
			v = max(v, 3)
		case 0xa2:
			v = max(v, 4)
		case 0xa3:
			v = 5
		}
	}
	for _, c := range p.crls {
		if c[0] == 0xa1 {
			v = 5
		}
	}
	return v
}

func (p *parts) addCertificate(der []byte) { p.certs = addOnce(p.certs, der) }

func addOnce(list [][]byte, der []byte) [][]byte {
	for _, have := range list {
		if bytes.Equal(have, der) {
			return list
		}
	}
	return append(list, der)
}

func (p *parts) marshal() ([]byte, error) {
	b := cryptobyte.NewBuilder(nil)
	b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(OIDSignedData)
		b.AddASN1(cb.Tag(0).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
			b.AddASN1(cb.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(p.version())
				b.AddBytes(p.digests)
				b.AddBytes(p.encap)
				for i, list := range [][][]byte{p.certs, p.crls} {
					if len(list) == 0 {
						continue
					}
					b.AddASN1(cb.Tag(i).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
						for _, e := range sorted(list) {
							b.AddBytes(e)
						}
					})
				}
				b.AddASN1(cb.SET, func(b *cryptobyte.Builder) {
					for _, e := range p.signers {
						b.AddBytes(e)
					}
				})
			})
		})
	})
	return b.Bytes()
}

// split cuts a ContentInfo. BER is turned into DER first when plain reading fails.
func split(input []byte) (*parts, error) {
	if p, ok := cut(input); ok {
		return p, nil
	}
	der, rest, err := normalise(input)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%w: octets behind the end", ErrMalformed)
	}
	if p, ok := cut(der); ok {
		return p, nil
	}
	return nil, ErrMalformed
}

func cut(der []byte) (*parts, bool) {
	in := cryptobyte.String(der)
	var info, explicit, sd cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&info, cb.SEQUENCE) || !in.Empty() || !info.ReadASN1ObjectIdentifier(&oid) || !oid.Equal(OIDSignedData) ||
		!info.ReadASN1(&explicit, cb.Tag(0).Constructed().ContextSpecific()) || !info.Empty() ||
		!explicit.ReadASN1(&sd, cb.SEQUENCE) || !explicit.Empty() {
		return nil, false
	}
	var p parts
	var version int64
	var digests, encap, list cryptobyte.String
	if !sd.ReadASN1Integer(&version) || version < 1 || version > 5 || !sd.ReadASN1Element(&digests, cb.SET) || !sd.ReadASN1Element(&encap, cb.SEQUENCE) {
		return nil, false
	}
	p.digests, p.encap = digests, encap
	var there bool
	for i, into := range []*[][]byte{&p.certs, &p.crls} {
		if !sd.ReadOptionalASN1(&list, &there, cb.Tag(i).Constructed().ContextSpecific()) {
			return nil, false
		}
		if there && !elements(list, into) {
			return nil, false
		}
	}
	if !sd.ReadASN1(&list, cb.SET) || !sd.Empty() || !elements(list, &p.signers) {
		return nil, false
	}
	inner := encap
	var seq cryptobyte.String
	if !inner.ReadASN1(&seq, cb.SEQUENCE) || !seq.ReadASN1ObjectIdentifier(&p.contentType) {
		return nil, false
	}
	return &p, true
}

func elements(list cryptobyte.String, into *[][]byte) bool {
	for !list.Empty() {
		var el cryptobyte.String
		var tag cb.Tag
		if !list.ReadAnyASN1Element(&el, &tag) || len(*into) == elementLimit {
			return false
		}
		*into = append(*into, el)
	}
	return true
}
