package fasaml_test

import (
	"encoding/base64"
	"net/http/httptest"
	"testing"

	"chave/internal/core/consent"
	"chave/internal/format/saml"
	"chave/internal/format/xmldsig"
	"chave/internal/wire/fasaml"
)

// BenchmarkAnswer is what one sign-in costs this wire beside the pages: a request from base64 to a verified and checked message, and the answer from what the person
// agreed to, signed with RSA-2048, to base64.
func BenchmarkAnswer(b *testing.B) {
	r := newRig(b)
	answer := fasaml.NewAnswer(b, r.provider, base64.StdEncoding.EncodeToString(r.ask()), consent.Answered{
		Holder: consent.PortugueseCard, Shared: []consent.Name{consent.NIC, consent.FullName},
		Values: map[consent.Name]consent.Value{consent.NIC: {Text: nic}, consent.FullName: {Text: "Maria Exemplo"}},
	})
	doc, err := saml.DecodePOST(answer(), 1<<20)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := xmldsig.Parse(doc, xmldsig.DefaultLimits()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		answer()
	}
}

// BenchmarkRefuse is what a stranger's message costs that carries no good signature: the most that anybody can make us do without a key.
func BenchmarkRefuse(b *testing.B) {
	r := newRig(b)
	body := formOf(otherKey().signed(b, r.request().xml())).Encode()
	handler := r.server.Config.Handler
	for b.Loop() {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, formRequest(body))
		if w.Code != 403 {
			b.Fatal(w.Code)
		}
	}
}
