package cms

import (
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cb "golang.org/x/crypto/cryptobyte/asn1"
)

// AddUnsigned adds an attribute that the signature does not cover, such as a time-stamp over its value, to one signer (counted from 0). All else stays octet for octet.
func AddUnsigned(input []byte, signer int, attr Attribute) ([]byte, error) {
	p, err := split(input)
	if err != nil {
		return nil, err
	}
	if signer < 0 || signer >= len(p.signers) {
		return nil, ErrNotFound
	}
	s, err := readSigner(p.signers[signer])
	if err != nil {
		return nil, err
	}
	unsigned, err := marshalSet(append(s.Unsigned, attr), cb.Tag(1).Constructed().ContextSpecific())
	if err != nil {
		return nil, err
	}
	in := cryptobyte.String(p.signers[signer])
	var seq cryptobyte.String
	if !in.ReadASN1(&seq, cb.SEQUENCE) {
		return nil, ErrMalformed
	}
	var kept [][]byte
	for !seq.Empty() {
		var el cryptobyte.String
		var tag cb.Tag
		if !seq.ReadAnyASN1Element(&el, &tag) {
			return nil, ErrMalformed
		}
		if len(kept) > 0 && tag == cb.Tag(1).Constructed().ContextSpecific() {
			continue // the old set of unsigned attributes
		}
		kept = append(kept, el)
	}
	if p.signers[signer], err = wrap(cb.SEQUENCE, append(kept, unsigned)...); err != nil {
		return nil, err
	}
	return p.marshal()
}

// AddValidation adds certificates, CRLs and OCSP responses (all DER) to the SignedData, each once: the baseline place of what a verifier needs decades later
// (EN 319 122-1 §6.3, RFC 5940). No signature covers them; each carries its own.
func AddValidation(input []byte, certs, crls, ocsps [][]byte) ([]byte, error) {
	p, err := split(input)
	if err != nil {
		return nil, err
	}
	for _, c := range certs {
		p.addCertificate(c)
	}
	for _, c := range crls {
		p.crls = addOnce(p.crls, c)
	}
	for _, o := range ocsps {
		oid, err := marshalOID(oidOCSPResponse, 0)
		if err != nil {
			return nil, err
		}
		der, err := wrap(cb.Tag(1).Constructed().ContextSpecific(), oid, o)
		if err != nil {
			return nil, err
		}
		p.crls = addOnce(p.crls, der)
	}
	if len(p.certs) > elementLimit || len(p.crls) > elementLimit {
		return nil, fmt.Errorf("%w: too much validation data", ErrMalformed)
	}
	for _, list := range [][][]byte{p.certs, p.crls} {
		for _, e := range list {
			if len(e) == 0 {
				return nil, ErrMalformed
			}
		}
	}
	return p.marshal()
}
