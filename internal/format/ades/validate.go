package ades

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"time"

	"chave/internal/format/cms"
)

// Validation is what a verifier believes and may ask.
type Validation struct {
	Roots    []*x509.Certificate // for signers and time-stamp authorities alike
	At       time.Time           // now
	Helpers  Helpers             // Timestamp is not used
	Detached []byte              // what a CMS signature without content is for; not used for PDF
}

type validator struct {
	*evidence
	roots []*x509.Certificate
}

// Validate judges every signature of a PDF or CMS file. What is wrong with the file is in the report; an error means that the question could not be asked at all.
func Validate(ctx context.Context, file []byte, v Validation) (Report, error) {
	if v.At.IsZero() {
		return Report{}, errors.New("ades: validation needs to know the time")
	}
	if err := ctx.Err(); err != nil {
		return Report{}, err
	}
	w := &validator{evidence: newEvidence(v.Helpers, v.At), roots: v.Roots}
	w.addCerts(v.Roots...)
	var r Report
	if isPDF(file) {
		r = w.pdf(ctx, file)
	} else {
		r = w.cms(ctx, file, v.Detached)
	}
	if len(v.Roots) == 0 {
		r.Reasons = append(r.Reasons, because(NoRoots))
	}
	if len(r.Signatures) == 0 && len(r.Reasons) == 0 {
		r.Reasons = append(r.Reasons, because(NoSignature))
	}
	r.Verdict = verdictOf(r.Reasons)
	for i := range r.Signatures {
		r.Signatures[i].Index = i + 1
		r.Verdict = worse(r.Verdict, r.Signatures[i].Verdict)
	}
	for _, s := range r.Timestamps {
		r.Verdict = worse(r.Verdict, s.Verdict)
	}
	// An answer that never came because the caller gave up is not an answer.
	return r, ctx.Err()
}

// isPDF looks for the header where readers look for it: in the first kilobyte.
func isPDF(file []byte) bool { return bytes.Contains(file[:min(len(file), 1024)], []byte("%PDF-")) }

// work is one signature on its way to a report.
type work struct {
	SignatureReport
	signer  *cms.Signer
	sd      *cms.SignedData
	digest  func(crypto.Hash) ([]byte, error)
	existed time.Time // what document time-stamps prove; zero: nothing
	cades   bool      // of a kind that has baseline levels
	stamps  []*stamped
}

func (w *work) blame(r ...Reason) { w.Reasons = append(w.Reasons, r...) }
func (w *work) note(r ...Reason)  { w.Notes = append(w.Notes, r...) }

// hashNames is how reports call hashes.
func hashName(h crypto.Hash) string {
	if h == 0 {
		return ""
	}
	return h.String()
}

// judge does everything that PDF and CMS have in common, from the arithmetic to the level.
func (v *validator) judge(ctx context.Context, w *work) {
	defer func() { w.Verdict = verdictOf(w.Reasons) }()
	w.Hash = hashName(w.signer.Hash)
	if p := w.signer.Policy(); p != nil {
		w.Policy = p.String()
	}
	if w.ClaimedAt.IsZero() {
		w.ClaimedAt = w.signer.SigningTime()
	}
	cert := w.signer.Certificate(v.certs)
	if cert == nil {
		w.blame(because(NoCertificate))
		return
	}
	w.Signer = party(cert)
	switch err := w.signer.Verify(cert, w.digest); {
	case err == nil:
		w.Intact = true
	case errors.Is(err, cms.ErrContent):
		w.blame(because(ContentChanged))
	case errors.Is(err, cms.ErrSignature):
		w.blame(because(BadSignature))
	case errors.Is(err, cms.ErrOtherCertificate):
		w.blame(because(OtherSigner))
	case errors.Is(err, cms.ErrUnsupported):
		w.blame(because(Unsupported))
	default:
		w.blame(because(Malformed))
	}
	if !w.Intact {
		return // whose certificate it is says nothing any more
	}
	if w.signer.Hash == crypto.SHA1 {
		w.blame(because(WeakHash, "hash", w.Hash))
	}
	if bits := weakBits(cert); bits != 0 {
		w.blame(because(WeakKey, "bits", itoa(bits), "certificate", commonName(cert)))
	}
	if !forDocuments(cert) {
		w.blame(because(KeyUsage, "certificate", commonName(cert)))
	}
	if !w.signer.Refers() {
		w.note(because(NoteNoReference))
	}
	v.stamps(ctx, w)
	at := v.now
	if !w.ProvenAt.IsZero() {
		at = w.ProvenAt
	} else {
		w.note(because(NoteNoTime))
	}
	t := v.trusted(ctx, v.roots, cert, at)
	w.Revocation = t.revocation
	for _, c := range t.chain {
		w.Chain = append(w.Chain, party(c))
	}
	w.blame(t.reasons...)
	w.note(t.notes...)
	w.Level = w.level(t)
}

// stamps checks the time-stamps over the signature value. Each must stand alone; a broken one lowers the verdict, because somebody changed it or wants to be
// believed without ground.
func (v *validator) stamps(ctx context.Context, w *work) {
	at := v.now
	if !w.existed.IsZero() {
		at, w.ProvenAt = w.existed, w.existed
	}
	tokens := w.signer.Timestamps()
	if len(tokens) > stampLimit {
		tokens = tokens[:stampLimit]
		w.blame(because(TooComplex))
	}
	for _, der := range tokens {
		s := v.checkStamp(ctx, der, cms.Digest(w.signer.Signature), at)
		w.stamps = append(w.stamps, s)
		w.Timestamps = append(w.Timestamps, s.StampReport)
		w.blame(s.Reasons...)
		if s.Verdict == Valid && (w.ProvenAt.IsZero() || s.At.Before(w.ProvenAt)) {
			w.ProvenAt = s.At
		}
	}
}

// level tells what the file itself proves.
func (w *work) level(t trust) Level {
	if !w.cades || !w.signer.Refers() || w.signer.Certificate(w.sd.Certificates) == nil {
		return ""
	}
	if w.ProvenAt.IsZero() {
		return BB
	}
	all, proofs := t.ok() && t.embedded, t.proofs
	for _, s := range w.stamps {
		all = all && s.Verdict == Valid && s.embedded
		proofs = append(proofs, s.proofs...)
	}
	if !all {
		return BT
	}
	for _, p := range proofs {
		if !p.stamped {
			return BLT
		}
	}
	if len(proofs) == 0 || w.existed.IsZero() {
		return BLT
	}
	return BLTA
}

// once hashes the content a single time per algorithm, however many signed it.
func once(digest func(crypto.Hash) ([]byte, error)) func(crypto.Hash) ([]byte, error) {
	known := map[crypto.Hash][]byte{}
	return func(h crypto.Hash) ([]byte, error) {
		if sum, done := known[h]; done {
			return sum, nil
		}
		sum, err := digest(h)
		if err == nil {
			known[h] = sum
		}
		return sum, err
	}
}

// stampLimit bounds how many time-stamps of one signature are looked at; those behind it are not counted, and the verdict says that something was not looked at.
const stampLimit = 32

// cms judges a detached CAdES signature, or one that carries its content.
func (v *validator) cms(ctx context.Context, file, detached []byte) Report {
	r := Report{Kind: "cms"}
	sd, err := cms.Parse(file)
	if err != nil {
		r.Reasons = append(r.Reasons, because(Malformed))
		return r
	}
	content := sd.Content
	switch {
	case sd.Detached && detached == nil:
		r.Reasons = append(r.Reasons, because(NoContent))
		return r
	case sd.Detached:
		content = detached
	case detached != nil && !bytes.Equal(detached, sd.Content):
		r.Reasons = append(r.Reasons, because(Extra))
	}
	v.addCerts(sd.Certificates...)
	v.addProofs(sd.OCSPs, false)
	v.addProofs(sd.CRLs, true)
	digest := once(cms.Digest(content))
	for i := range sd.Signers {
		w := &work{signer: &sd.Signers[i], sd: sd, digest: digest, cades: true}
		w.CoversAll = true
		v.judge(ctx, w)
		r.Signatures = append(r.Signatures, w.SignatureReport)
	}
	return r
}
