package pki_test

import (
	"context"
	"crypto"
	"crypto/sha256"
	"testing"

	"chave/internal/outside/pki/ocsp"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

func BenchmarkAnswer(b *testing.B) {
	h := open(b)
	a := h.node(b)
	issued := issue(b, h, a)
	leaf, issuing := parse(b, issued.DER), parse(b, issued.Chain[1])
	request, err := ocsp.Ask(leaf.SerialNumber, issuing)
	if err != nil {
		b.Fatal(err)
	}
	answer := func(b *testing.B, request []byte) {
		for b.Loop() {
			if _, _, err := a.AnswerOCSP(context.Background(), request); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("signed ahead", func(b *testing.B) { answer(b, request) })
	b.Run("with a nonce", func(b *testing.B) { answer(b, withNonce(b, request)) })
	b.Run("timestamp", func(b *testing.B) {
		digest := sha256.Sum256(nil)
		for b.Loop() {
			if _, err := a.Timestamp(context.Background(), crypto.SHA256, digest[:]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("issue", func(b *testing.B) {
		s := subject(b, resident(), h.clock().AddDate(1, 0, 0))
		for b.Loop() {
			if _, err := a.Issue(context.Background(), s); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// withNonce adds one to a request that has none.
func withNonce(t testing.TB, request []byte) []byte {
	t.Helper()
	in := cryptobyte.String(request)
	var outer, tbs cryptobyte.String
	if !in.ReadASN1(&outer, casn1.SEQUENCE) || !outer.ReadASN1(&tbs, casn1.SEQUENCE) {
		t.Fatal("no request")
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(tbs)
			b.AddASN1(casn1.Tag(2).Constructed().ContextSpecific(), func(b *cryptobyte.Builder) {
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1ObjectIdentifier([]int{1, 3, 6, 1, 5, 5, 7, 48, 1, 2})
						b.AddASN1OctetString([]byte{4, 4, 1, 2, 3, 4})
					})
				})
			})
		})
	})
	der, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return der
}
