package pki

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"math/big"
	"time"

	"chave/internal/core/certificate"
	"chave/internal/core/fault"
	"chave/internal/core/random"
	"chave/internal/format/tsp"
)

// accuracy is what tokens promise, and the most that the clock may be off (S10; EN 319 422 §5.2.3).
const accuracy = time.Second

// AnswerTSA answers a timestamp request (RFC 3161). The answer is always one that may be sent; err is for the log, and only of our own failures.
func (a *Authority) AnswerTSA(ctx context.Context, request []byte) (answer []byte, err error) {
	r, err := tsp.ParseRequest(request)
	if err != nil {
		return rejection(err), nil
	}
	by, responder, err := a.clock(ctx)
	if err != nil {
		return rejection(err), err
	}
	answer, err = tsp.Respond(responder, r, a.tokenSerial(), a.Now())
	if err == nil {
		return answer, nil
	}
	var asked *tsp.RequestError
	if errors.As(err, &asked) {
		return rejection(err), nil
	}
	return rejection(err), a.failed(by, err)
}

// Timestamp gives a token over a digest, for callers in the house. Faults: TimestampUnavailable, ClockDrift, AuthorityMissing, KeystoreUnavailable, HashNotAllowed.
func (a *Authority) Timestamp(ctx context.Context, h crypto.Hash, digest []byte) ([]byte, error) {
	return a.Token(ctx, h, digest, nil)
}

// Token is Timestamp with a nonce that the token repeats; nil for none.
func (a *Authority) Token(ctx context.Context, h crypto.Hash, digest []byte, nonce *big.Int) ([]byte, error) {
	by, responder, err := a.clock(ctx)
	if err != nil {
		return nil, err
	}
	token, err := tsp.Stamp(responder, tsp.Request{Hash: h, Digest: digest, Nonce: nonce, CertReq: true}, a.tokenSerial(), a.Now())
	var asked *tsp.RequestError
	if errors.As(err, &asked) {
		return nil, fault.New(fault.HashNotAllowed).Because(err)
	}
	if err != nil {
		return nil, a.failed(by, err)
	}
	return token, nil
}

// tokenSerial is 128 random bits: unique over all nodes and all keys without asking anybody (S11).
func (a *Authority) tokenSerial() *big.Int {
	n := new(big.Int).SetBytes(random.Bytes(a.Rand, 16))
	return n.SetBit(n, 127, 1) // never zero, always as long
}

// clock lends the timestamp authority's key while this machine's clock can be believed (S10).
func (a *Authority) clock(ctx context.Context) (id string, r tsp.Responder, err error) {
	if a.Drift != nil {
		most := a.MaxDrift
		if most == 0 {
			most = accuracy
		}
		off, err := a.Drift()
		if err != nil {
			return "", r, fault.New(fault.ClockDrift).Because(fmt.Errorf("how far the clock is off is not known: %w", err))
		}
		if off.Abs() > most {
			return "", r, fault.New(fault.ClockDrift).Because(fmt.Errorf("the clock is off by %v, more than %v", off, most))
		}
	}
	m, err := a.acting(ctx, certificate.TSA)
	if err != nil {
		return "", r, err
	}
	by, err := a.signer(m)
	if err != nil {
		return "", r, err
	}
	chain := m.chain
	if len(chain) > 0 {
		chain = chain[:len(chain)-1] // a root is trusted from elsewhere or not at all
	}
	return m.ID, tsp.Responder{
		Signer: by.key, Certificate: m.cert, Chain: chain, Policy: a.Profiles.under(policyTime), Accuracy: accuracy, Rand: a.Rand,
	}, nil
}

// rejection is what a client reads when it gets no token.
func rejection(err error) []byte {
	why, text := tsp.SystemFailure, "try again later"
	var asked *tsp.RequestError
	switch {
	case errors.As(err, &asked):
		why, text = asked.Failure, asked.Detail
	case fault.Is(err, fault.ClockDrift):
		why, text = tsp.TimeNotAvailable, "the clock is not within its accuracy"
	}
	der, err := tsp.Reject(why, text)
	if err != nil {
		der, _ = tsp.Reject(tsp.SystemFailure, "")
	}
	return der
}
