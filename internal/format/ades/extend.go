package ades

import (
	"bytes"
	"context"
	"crypto"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"chave/internal/format/cms"
	"chave/internal/format/pdf"
	"chave/internal/format/tsp"
)

// Extend lifts the signatures of a PDF to a level. out is always a good file: at the level reached, the input itself when nothing could be added. The error says what was
// missing on the way to the level asked for. Asked for B-LTA again, it adds what protects the file for another while.
//
// at is now. Answers of helpers are checked for being what was asked; whether their authorities can be trusted is for a verifier to say.
func Extend(ctx context.Context, file []byte, to Level, at time.Time, h Helpers) (out []byte, reached Level, err error) {
	list, err := signaturesOf(file)
	if err != nil {
		return file, "", err
	}
	signed := false
	for _, s := range list {
		signed = signed || !s.Timestamp
	}
	if !signed {
		return file, "", ErrNoSignature
	}
	if to.rank() == 0 {
		return file, BB, ErrLevel
	}
	out, reached = file, BB
	if to.rank() < BT.rank() {
		return out, reached, nil
	}
	if out, list, err = stampPDF(ctx, out, list, h); err != nil {
		return out, reached, err
	}
	if reached = BT; to == BT {
		return out, reached, nil
	}
	if out, err = addValidation(ctx, out, list, at, h); err != nil {
		return out, reached, err
	}
	if reached = BLT; to == BLT {
		return out, reached, nil
	}
	archived, err := documentStamp(ctx, out, h)
	if err != nil {
		return out, reached, err
	}
	return archived, BLTA, nil
}

func signaturesOf(file []byte) ([]pdf.Signature, error) {
	f, err := pdf.Open(file)
	if err != nil {
		return nil, err
	}
	return f.Signatures()
}

// stampPDF makes sure that each signature has a time-stamp: inside it when it is the only one without and the last thing in the file, where nothing else covers its place;
// otherwise one document time-stamp for all.
func stampPDF(ctx context.Context, file []byte, list []pdf.Signature, h Helpers) ([]byte, []pdf.Signature, error) {
	var bare []*pdf.Signature
	covered := false
	for i := len(list) - 1; i >= 0; i-- {
		s := &list[i]
		if s.Timestamp {
			covered = true
			continue
		}
		if covered {
			continue
		}
		if sd, err := parsePadded(s.Contents); err != nil || len(sd.Signers) != 1 || len(sd.Signers[0].Timestamps()) == 0 {
			bare = append(bare, s)
		}
	}
	if len(bare) == 0 {
		return file, list, nil
	}
	if len(bare) == 1 && bare[0].CoversAll {
		switch out, err := stampInside(ctx, file, bare[0], h); {
		case err == nil:
			list, err := signaturesOf(out)
			return out, list, err
		case !errors.Is(err, pdf.ErrTooLong):
			return file, list, err
		}
	}
	out, err := documentStamp(ctx, file, h)
	if err != nil {
		return file, list, err
	}
	list, err = signaturesOf(out)
	return out, list, err
}

func parsePadded(contents []byte) (*cms.SignedData, error) {
	der, err := cms.Trim(contents)
	if err != nil {
		return nil, err
	}
	return cms.Parse(der)
}

// stampInside puts a time-stamp among the unsigned attributes. The only octets that change lie in the place of the signature, which it does not speak of.
func stampInside(ctx context.Context, file []byte, s *pdf.Signature, h Helpers) ([]byte, error) {
	der, err := cms.Trim(s.Contents)
	if err != nil {
		return nil, err
	}
	if der, err = stampCMS(ctx, der, 0, h); err != nil {
		return nil, err
	}
	from, to := int(s.ByteRange[1])+1, int(s.ByteRange[2])-1
	if 2*len(der) > to-from {
		return nil, pdf.ErrTooLong
	}
	out := bytes.Clone(file)
	place := out[from:to]
	for i := range place {
		place[i] = '0'
	}
	hex.Encode(place, der)
	return out, nil
}

// stampCMS adds a time-stamp over the signature value of one signer.
func stampCMS(ctx context.Context, der []byte, signer int, h Helpers) ([]byte, error) {
	sd, err := cms.Parse(der)
	if err != nil {
		return nil, err
	}
	if signer >= len(sd.Signers) {
		return nil, ErrNoSignature
	}
	token, err := stamp(ctx, h, crypto.SHA256, digestOf(crypto.SHA256, sd.Signers[signer].Signature))
	if err != nil {
		return nil, err
	}
	return cms.AddUnsigned(der, signer, cms.Attribute{Type: cms.OIDTimestamp, Values: [][]byte{token}})
}

// stamp gets a token and holds it to what was asked: one that is for something else would only be found out years later.
func stamp(ctx context.Context, h Helpers, hash crypto.Hash, digest []byte) ([]byte, error) {
	if h.Timestamp == nil {
		return nil, ErrTimestamp
	}
	der, err := h.Timestamp(ctx, hash, digest)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTimestamp, err)
	}
	token, err := tsp.ParseToken(der)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTimestamp, err)
	}
	cert := token.Certificate()
	if cert == nil || token.Hash != hash {
		return nil, fmt.Errorf("%w: no certificate in it, or another hash", ErrTimestamp)
	}
	if err := token.Verify(cert, digest); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTimestamp, err)
	}
	return der, nil
}

// documentStamp appends a time-stamp over the whole file.
func documentStamp(ctx context.Context, file []byte, h Helpers) ([]byte, error) {
	f, err := pdf.Open(file)
	if err != nil {
		return nil, err
	}
	p, err := f.Prepare(pdf.Field{SubFilter: pdf.Timestamp, Reserve: stampRoom})
	if err != nil {
		return nil, err
	}
	token, err := stamp(ctx, h, crypto.SHA256, p.Digest(crypto.SHA256))
	if err != nil {
		return nil, err
	}
	return p.Attach(token)
}

// addValidation appends what the verifier of any signature or time-stamp in the file needs. What could be had is kept even when something is missing.
func addValidation(ctx context.Context, file []byte, list []pdf.Signature, at time.Time, h Helpers) ([]byte, error) {
	f, err := pdf.Open(file)
	if err != nil {
		return file, err
	}
	m := newMaterial(h, at)
	dss := f.DSS()
	m.addDER(dss.Certs)
	m.addProofs(dss.OCSPs, false)
	m.addProofs(dss.CRLs, true)
	open := make([]*cms.SignedData, len(list))
	for i, s := range list {
		sd, err := parsePadded(s.Contents)
		if err != nil {
			m.missing = ErrRevocation
			continue
		}
		m.addCerts(sd.Certificates...)
		m.addProofs(sd.OCSPs, false)
		m.addProofs(sd.CRLs, true)
		open[i] = sd
	}
	var proven time.Time
	for i := len(list) - 1; i >= 0; i-- {
		switch {
		case open[i] == nil:
		case !list[i].Timestamp:
			m.signature(ctx, open[i], proven)
		default:
			der, _ := cms.Trim(list[i].Contents)
			if t, ok := m.stamp(ctx, der, proven); ok {
				proven = t
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return file, err
	}
	out, err := f.AddDSS(pdf.DSS{Certs: m.certs, OCSPs: m.ocsps, CRLs: m.crls})
	if err != nil {
		return file, err
	}
	return out, m.missing
}

// ExtendCMS lifts a CAdES signature to B-T or B-LT, as [Extend] does for PDF. Validation data goes where the baseline wants it: among the certificates and revocation
// answers of the SignedData.
func ExtendCMS(ctx context.Context, signature []byte, to Level, at time.Time, h Helpers) (out []byte, reached Level, err error) {
	sd, err := cms.Parse(signature)
	if err != nil {
		return signature, "", err
	}
	if len(sd.Signers) == 0 {
		return signature, "", ErrNoSignature
	}
	if to.rank() == 0 || to == BLTA {
		return signature, BB, ErrLevel
	}
	out, reached = signature, BB
	if to == BB {
		return out, reached, nil
	}
	for i := range sd.Signers {
		if len(sd.Signers[i].Timestamps()) == 0 {
			next, err := stampCMS(ctx, out, i, h)
			if err != nil {
				return out, reached, err
			}
			out = next
		}
	}
	if reached = BT; to == BT {
		return out, reached, nil
	}
	if sd, err = cms.Parse(out); err != nil {
		return out, reached, err
	}
	m := newMaterial(h, at)
	m.addCerts(sd.Certificates...)
	m.addProofs(sd.OCSPs, false)
	m.addProofs(sd.CRLs, true)
	m.signature(ctx, sd, time.Time{})
	if err := ctx.Err(); err != nil {
		return out, reached, err
	}
	full, err := cms.AddValidation(out, m.certs, m.crls, m.ocsps)
	if err != nil {
		return out, reached, err
	}
	if m.missing != nil {
		return full, reached, m.missing
	}
	return full, BLT, nil
}
