package csc

import (
	"context"
	"encoding/asn1"
	"errors"
	"log/slog"
	"time"

	"chave/internal/core/fault"
	"chave/internal/format/ades"
	"chave/internal/format/pdf"
)

// AdES is Documents over format/ades.
type AdES struct {
	Helpers ades.Helpers          // what time and status are asked of
	Policy  asn1.ObjectIdentifier // of signatures, named in each; nil for none
	Now     func() time.Time
	Log     *slog.Logger // of levels that were not reached
}

// locks is what Certification means here: the first signature, and nothing after it but further signatures and forms (DocMDP 2).
const locks = 2

// Prepare builds everything but the signature value.
func (a AdES) Prepare(s Sheet) (Prepared, error) {
	if len(s.Chain) == 0 {
		return nil, errors.New("csc: a document cannot be prepared without the signer's certificate")
	}
	one := bundle{maker: a, sheet: s}
	var err error
	if s.Format == formatPAdES && s.Content != nil {
		one.made, err = a.preparePDF(s)
	} else {
		one.made, err = a.prepareCMS(s)
	}
	one.sheet.Content = nil // what was made holds what it needs of it
	return one, faultOf(err)
}

func (a AdES) preparePDF(s Sheet) (maker, error) {
	field := pdf.Field{At: s.At, SignerName: s.Name, Reason: s.Reason, Location: s.Location, ContactInfo: s.Contact}
	if field.SignerName == "" {
		field.SignerName = s.Chain[0].Subject.CommonName
	}
	if s.Certify {
		field.Certify = locks
	}
	return ades.PreparePDF(s.Content, ades.PDFSigning{Field: field, Certificate: s.Chain[0], Chain: s.Chain[1:], Hash: s.Hash, Policy: a.Policy})
}

func (a AdES) prepareCMS(s Sheet) (maker, error) {
	made := ades.CMSSigning{Digest: s.Digest, Hash: s.Hash, Certificate: s.Chain[0], Chain: s.Chain[1:], Policy: a.Policy}
	if s.Content != nil {
		h := s.Hash.New()
		h.Write(s.Content)
		made.Digest = h.Sum(nil)
	}
	if s.Format == formatCAdES { // in a PDF the claimed time stands in the file (EN 319 142-1 §6.3)
		made.At = s.At
	}
	return ades.PrepareCMS(made)
}

// maker is what both of format/ades' preparations are.
type maker interface {
	ToSign() []byte
	Attach(signature []byte) ([]byte, error)
}

// bundle is one document that waits for its signature.
type bundle struct {
	maker AdES
	made  maker
	sheet Sheet
}

func (b bundle) ToSign() []byte { return b.made.ToSign() }

func (b bundle) Attach(ctx context.Context, signature []byte) ([]byte, string, error) {
	out, err := b.made.Attach(signature)
	if err != nil {
		return nil, "", err
	}
	to, reached := ades.Level(b.sheet.Level), ades.BB
	switch {
	case to == ades.BB:
		return out, string(reached), nil
	case b.isPDF():
		out, reached, err = ades.Extend(ctx, out, to, b.maker.Now(), b.maker.Helpers)
	default:
		out, reached, err = ades.ExtendCMS(ctx, out, to, b.maker.Now(), b.maker.Helpers)
	}
	if err != nil && reached == "" { // what was made cannot be read back: that is ours
		return nil, "", err
	}
	if err != nil && b.maker.Log != nil {
		b.maker.Log.WarnContext(ctx, "a signature is of a lower level than was asked for", "asked", to, "reached", reached, "err", err)
	}
	return out, string(reached), nil
}

func (b bundle) isPDF() bool {
	_, yes := b.made.(*ades.PDFPrepared)
	return yes
}

// faultOf gives what is wrong with a document its code.
func faultOf(err error) error {
	for _, known := range []struct {
		is   error
		code fault.Code
	}{
		{pdf.ErrNotPDF, fault.NotPDF}, {pdf.ErrEncrypted, fault.PDFEncrypted}, {pdf.ErrDamaged, fault.PDFDamaged}, {pdf.ErrHybrid, fault.PDFHybrid},
		{pdf.ErrLocked, fault.PDFLocked}, {pdf.ErrTooComplex, fault.PDFTooComplex}, {pdf.ErrPlace, fault.PlaceInvalid}, {pdf.ErrField, fault.PDFLocked},
	} {
		if errors.Is(err, known.is) {
			return fault.New(known.code).Because(err)
		}
	}
	return err
}
