package ades

import (
	"context"
	"crypto"
	"errors"
	"strconv"
	"time"

	"chave/internal/format/cms"
	"chave/internal/format/pdf"
)

// signatureLimit bounds how often the whole file is hashed.
const signatureLimit = 64

func itoa(n int) string { return strconv.Itoa(n) }

// pdf judges the signatures of a PDF in the light of its document time-stamps, the latest first.
func (v *validator) pdf(ctx context.Context, file []byte) Report {
	r := Report{Kind: "pdf"}
	f, err := pdf.Open(file)
	var list []pdf.Signature
	if err == nil {
		list, err = f.Signatures()
	}
	if err == nil && len(list) > signatureLimit {
		err = pdf.ErrTooComplex
	}
	if err != nil {
		r.Reasons = append(r.Reasons, because(fileCode(err)))
		return r
	}
	dss := f.DSS()
	v.addDER(dss.Certs)
	v.addProofs(dss.OCSPs, false)
	v.addProofs(dss.CRLs, true)
	works := make([]*work, len(list))
	for i := range list {
		if !list[i].Timestamp {
			works[i] = v.open(&list[i])
		}
	}
	existed := time.Time{} // what the document time-stamps behind prove for all before them
	for i := len(list) - 1; i >= 0; i-- {
		s := &list[i]
		if !s.Timestamp {
			works[i].existed = existed
			continue
		}
		report := v.document(ctx, s, existed)
		if report.Verdict == Valid {
			existed = report.At
		}
		r.Timestamps = append([]StampReport{*report}, r.Timestamps...)
	}
	for _, w := range works {
		if w == nil {
			continue
		}
		if w.signer != nil {
			v.judge(ctx, w)
		}
		w.Verdict = verdictOf(w.Reasons)
		r.Signatures = append(r.Signatures, w.SignatureReport)
	}
	if len(r.Signatures) == 0 {
		r.Reasons = append(r.Reasons, because(NoSignature))
	}
	return r
}

// document judges a document time-stamp and notes what it proves of the validation data that it covers.
func (v *validator) document(ctx context.Context, s *pdf.Signature, existed time.Time) *StampReport {
	at := v.now
	if !existed.IsZero() {
		at = existed
	}
	done := func(st *stamped) *StampReport {
		st.Field, st.Revision, st.CoversAll = s.Field, s.Revision, s.CoversAll
		return &st.StampReport
	}
	fail := func(code Code) *StampReport {
		st := &stamped{}
		st.blame(because(code))
		return done(st)
	}
	der, err := cms.Trim(s.Contents)
	switch {
	case err != nil:
		return fail(StampBroken)
	case !s.Covers:
		return fail(Coverage)
	}
	st := v.checkStamp(ctx, der, digestOfPDF(s), at)
	if st.Verdict == Valid {
		if before, err := pdf.Open(s.Signed()); err == nil {
			dss := before.DSS()
			v.existedBy(st.At, dss.OCSPs, dss.CRLs)
			v.insideBy(before, st.At)
		}
	}
	return done(st)
}

// insideBy notes the time for what signatures themselves carry.
func (v *validator) insideBy(f *pdf.File, at time.Time) {
	list, err := f.Signatures()
	if err != nil {
		return
	}
	for _, s := range list {
		der, err := cms.Trim(s.Contents)
		if err != nil {
			continue
		}
		if sd, err := cms.Parse(der); err == nil {
			v.existedBy(at, sd.OCSPs, sd.CRLs)
		}
	}
}

func digestOfPDF(s *pdf.Signature) func(crypto.Hash) ([]byte, error) {
	return func(h crypto.Hash) ([]byte, error) {
		if !h.Available() {
			return nil, cms.ErrUnsupported
		}
		return s.Digest(h), nil
	}
}

// open reads one signature and says what can be said without its certificate. Its signer is nil when nothing else can.
func (v *validator) open(s *pdf.Signature) *work {
	w := &work{digest: digestOfPDF(s), cades: s.SubFilter == pdf.CAdES}
	w.Field, w.SubFilter, w.Name, w.Reason, w.Location = s.Field, s.SubFilter, s.Name, s.Reason, s.Location
	w.Page, w.Revision, w.CoversAll, w.Certify, w.ClaimedAt = s.Page, s.Revision, s.CoversAll, s.Certify, s.At
	for _, c := range s.Changes {
		w.Changes = append(w.Changes, Change(c))
		if !c.Allowed {
			w.blame(because(ChangedLater, "kind", string(c.Kind), "revision", itoa(c.Revision)))
		}
	}
	if !s.Covers {
		w.blame(because(Coverage))
	}
	if s.SubFilter != pdf.CAdES && s.SubFilter != "adbe.pkcs7.detached" {
		w.blame(because(Unsupported))
		return w
	}
	der, err := cms.Trim(s.Contents)
	if err == nil {
		w.sd, err = cms.Parse(der)
	}
	if err != nil || len(w.sd.Signers) == 0 {
		w.blame(because(Malformed))
		return w
	}
	v.addCerts(w.sd.Certificates...)
	v.addProofs(w.sd.OCSPs, false)
	v.addProofs(w.sd.CRLs, true)
	if len(w.sd.Signers) > 1 {
		w.blame(because(SeveralSigners))
		return w
	}
	if !w.sd.Detached {
		w.blame(because(Extra))
		return w
	}
	w.signer = &w.sd.Signers[0]
	return w
}

func fileCode(err error) Code {
	for _, c := range []struct {
		err  error
		code Code
	}{
		{pdf.ErrEncrypted, Encrypted}, {pdf.ErrHybrid, Hybrid}, {pdf.ErrTooComplex, TooComplex}, {pdf.ErrNotPDF, NotPDF},
	} {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	return Damaged
}
