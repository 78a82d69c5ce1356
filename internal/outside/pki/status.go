package pki

import (
	"bytes"
	"context"
	"crypto/x509"
	"time"

	"chave/internal/core/certificate"
	"chave/internal/core/fault"
	"chave/internal/outside/pki/ocsp"
)

// Times of answers. An answer without a nonce is signed ahead and given out again while it is fresh and the row behind it has not changed; the row is read each time, so a
// revocation is seen by the very next request (S7).
const (
	answerLife = 12 * time.Hour
	answerKeep = time.Hour
	answersMax = 20_000 // remembered at once; beyond, all are dropped and signed anew as they are asked for
)

// remembered is an answer that was signed ahead.
type remembered struct {
	der     []byte
	version int64
	made    time.Time
}

// AnswerOCSP answers a status request (RFC 6960). The answer is always one that may be sent; err is for the log, and only of our own failures. until is how long the answer
// may be kept by who passes it on, zero when not at all.
func (a *Authority) AnswerOCSP(ctx context.Context, request []byte) (answer []byte, until time.Time, err error) {
	r, err := ocsp.Parse(request)
	if err != nil {
		return ocsp.Refuse(ocsp.Malformed), time.Time{}, nil
	}
	h, err := a.known(ctx, a.refresh())
	if err != nil {
		return ocsp.Refuse(ocsp.TryLater), time.Time{}, err
	}
	issuing, ok := h.named(r.Asked)
	if !ok {
		if h, err = a.known(ctx, time.Second); err != nil { // one that was made a moment ago by another node
			return ocsp.Refuse(ocsp.TryLater), time.Time{}, err
		}
		if issuing, ok = h.named(r.Asked); !ok {
			return ocsp.Refuse(ocsp.Unauthorized), time.Time{}, nil
		}
	}
	answer, until, err = a.answer(ctx, issuing, r, true)
	if err != nil {
		return ocsp.Refuse(ocsp.TryLater), time.Time{}, err
	}
	return answer, until, nil
}

// named finds the issuing authority that all of a request's certificates are said to come from. We answer for one at a time: each has its own responder.
func (h *house) named(asked []ocsp.CertID) (member, bool) {
	for _, m := range h.all {
		if m.Role != certificate.Issuing {
			continue
		}
		all := true
		for _, id := range asked {
			all = all && id.Names(m.cert)
		}
		if all {
			return m, true
		}
	}
	return member{}, false
}

func (a *Authority) answer(ctx context.Context, issuing member, r ocsp.Request, ahead bool) ([]byte, time.Time, error) {
	now := a.Now()
	singles := make([]ocsp.Single, len(r.Asked))
	versions := make([]int64, len(r.Asked))
	err := a.View(ctx, func(tx certificate.Tx) error {
		for i, id := range r.Asked {
			var err error
			if singles[i], versions[i], err = single(tx, issuing.ID, id, now); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	ahead = ahead && r.Nonce == nil && len(singles) == 1 && versions[0] > 0
	key := issuing.ID + string(r.Asked[0].Raw)
	if ahead {
		a.mu.Lock()
		kept, ok := a.answers[key]
		a.mu.Unlock()
		if age := now.Sub(kept.made); ok && kept.version == versions[0] && age >= 0 && age < answerKeep {
			return kept.der, kept.made.Add(answerLife), nil
		}
	}
	by, err := a.responder(ctx, issuing)
	if err != nil {
		return nil, time.Time{}, err
	}
	der, err := ocsp.Answer{Signer: by.key, Certificate: by.cert, ProducedAt: now, Singles: singles, Nonce: r.Nonce}.Sign(a.Rand)
	if err != nil {
		return nil, time.Time{}, a.failed(by.id, err)
	}
	if !ahead {
		return der, time.Time{}, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.answers == nil || len(a.answers) >= answersMax {
		a.answers = map[string]remembered{}
	}
	a.answers[key] = remembered{der, versions[0], now}
	return der, now.Add(answerLife), nil
}

// single reads what is known of one certificate. version is 0 for what has no row or was never handed out: unknown, and nothing is promised about it.
func single(tx certificate.Tx, authority string, id ocsp.CertID, now time.Time) (ocsp.Single, int64, error) {
	s := ocsp.Single{ID: id.Raw, Status: ocsp.Unknown, ThisUpdate: now}
	row, err := tx.Certificate(serialText(id.Serial))
	if fault.Is(err, fault.RowNotFound) || err == nil && (row.Authority != authority || row.State == certificate.Reserved) {
		return s, 0, nil
	}
	if err != nil {
		return s, 0, err
	}
	s.Status, s.NextUpdate = ocsp.Good, now.Add(answerLife)
	if row.State != certificate.Good {
		s.Status, s.RevokedAt, s.Reason = ocsp.Revoked, row.ChangedAt, int(row.Reason)
	}
	return s, row.Version, nil
}

// responder lends the signer of answers for an issuer. A missing one is made; an issuing authority at its end has the last one it had.
func (a *Authority) responder(ctx context.Context, issuing member) (*signerOf, error) {
	for try := 0; ; try++ {
		h, err := a.known(ctx, a.refresh())
		if err != nil {
			return nil, err
		}
		if m, ok := h.newestUnder(issuing.ID, certificate.OCSP, a.Now()); ok {
			return a.signer(m)
		}
		if try > 0 {
			return nil, fault.New(fault.StatusUnavailable)
		}
		if err := a.Ensure(ctx); err != nil {
			return nil, err
		}
	}
}

// Status gives a fresh signed answer about one of our certificates, to be kept with a signed document; StatusUnavailable for one that has no responder, CertificateUnknown
// for one that is not ours. issuer may be nil.
func (a *Authority) Status(ctx context.Context, cert, issuer *x509.Certificate) ([]byte, error) {
	m, err := a.ours(ctx, cert, issuer)
	if err != nil {
		return nil, err
	}
	if m.Role != certificate.Issuing {
		return nil, fault.New(fault.StatusUnavailable)
	}
	request, err := ocsp.Ask(cert.SerialNumber, m.cert)
	if err != nil {
		return nil, fault.New(fault.InternalError).Because(err)
	}
	r, err := ocsp.Parse(request)
	if err != nil {
		return nil, fault.New(fault.InternalError).Because(err)
	}
	der, _, err := a.answer(ctx, m, r, false)
	return der, err
}

// List gives the current list of whoever issued a certificate of ours. issuer may be nil.
func (a *Authority) List(ctx context.Context, cert, issuer *x509.Certificate) ([]byte, error) {
	m, err := a.ours(ctx, cert, issuer)
	if err != nil {
		return nil, err
	}
	der, _, err := a.CRLOf(ctx, m.ID)
	return der, err
}

func (a *Authority) ours(ctx context.Context, cert, issuer *x509.Certificate) (member, error) {
	m, err := a.issuerOf(ctx, cert)
	if err == nil && issuer != nil && !bytes.Equal(m.cert.Raw, issuer.Raw) {
		return m, fault.New(fault.CertificateUnknown)
	}
	return m, err
}
