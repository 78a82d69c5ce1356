package sign

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"time"

	"chave/internal/core/draft"
	"chave/internal/core/fault"
	"chave/internal/format/ades"
	"chave/internal/format/pdf"
)

// The stamp's size and its distance from the page's edges, in points. assets/sign.js draws with the same measures.
const (
	stampWidth  = 198.0
	stampHeight = 62.0
	stampMargin = 36.0
)

// PAdES is Papers over format/ades.
type PAdES struct {
	Helpers ades.Helpers          // what the time and the certificates' status are asked of
	Policy  asn1.ObjectIdentifier // of signatures, named in each (R4.20); nil for none
}

// Inspect reads a document and counts its pages.
func (PAdES) Inspect(file []byte) (int, error) {
	f, err := pdf.Open(file)
	if err != nil {
		return 0, faultOf(err)
	}
	pages := f.Pages()
	if pages == 0 {
		return 0, fault.New(fault.PDFDamaged)
	}
	// An invisible signature tried out tells now what would forbid one, rather than after PIN and place.
	if _, err := f.Prepare(pdf.Field{Reserve: 1}); err != nil {
		return 0, faultOf(err)
	}
	return pages, nil
}

// Prepare makes room for a signature.
func (p PAdES) Prepare(file []byte, s Stamping) (Prepared, error) {
	if len(s.Chain) == 0 {
		return nil, errors.New("sign: a document cannot be prepared without the signer's certificate")
	}
	var chain []*x509.Certificate
	for _, der := range s.Chain {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, err
		}
		chain = append(chain, cert)
	}
	field := pdf.Field{At: s.At, SignerName: s.Name}
	if s.Place.Visible {
		stamp, err := stampOn(file, s.Place)
		if err != nil {
			return nil, faultOf(err)
		}
		stamp.Lines = s.Lines
		field.Stamp = stamp
	}
	made, err := ades.PreparePDF(file, ades.PDFSigning{Field: field, Certificate: chain[0], Chain: chain[1:], Hash: crypto.SHA256, Policy: p.Policy})
	if err != nil {
		return nil, faultOf(err)
	}
	return made, nil
}

// stampOn turns a place as a person chose it into points on the page it is for.
func stampOn(file []byte, p draft.Place) (*pdf.Stamp, error) {
	f, err := pdf.Open(file)
	if err != nil {
		return nil, err
	}
	page := p.Page
	if page < 0 {
		page = f.Pages()
	}
	w, h, _, err := f.PageSize(page)
	if err != nil {
		return nil, err
	}
	s := &pdf.Stamp{Page: page, Width: min(stampWidth, 0.6*w)}
	s.Height = s.Width * stampHeight / stampWidth
	right, top := max(0, w-s.Width), max(0, h-s.Height)
	edgeX, edgeY := min(stampMargin, right), min(stampMargin, top)
	switch p.Corner {
	case "bottom_left":
		s.X, s.Y = edgeX, edgeY
	case "bottom_right":
		s.X, s.Y = right-edgeX, edgeY
	case "top_left":
		s.X, s.Y = edgeX, top-edgeY
	case "top_right":
		s.X, s.Y = right-edgeX, top-edgeY
	default:
		s.X, s.Y = min(p.X*w, right), min(p.Y*h, top)
	}
	return s, nil
}

// Extend brings a signed document to a level.
func (p PAdES) Extend(ctx context.Context, file []byte, to string, at time.Time) ([]byte, string, error) {
	out, reached, err := ades.Extend(ctx, file, ades.Level(to), at, p.Helpers)
	return out, string(reached), err
}

// faultOf gives what is wrong with a document its code and sentence.
func faultOf(err error) error {
	for _, known := range []struct {
		is   error
		code fault.Code
	}{
		{pdf.ErrNotPDF, fault.NotPDF}, {pdf.ErrEncrypted, fault.PDFEncrypted}, {pdf.ErrDamaged, fault.PDFDamaged}, {pdf.ErrHybrid, fault.PDFHybrid},
		{pdf.ErrLocked, fault.PDFLocked}, {pdf.ErrTooComplex, fault.PDFTooComplex}, {pdf.ErrPlace, fault.PlaceInvalid},
	} {
		if errors.Is(err, known.is) {
			return fault.New(known.code).Because(err)
		}
	}
	return err
}
