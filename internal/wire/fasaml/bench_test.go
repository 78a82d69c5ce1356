package fasaml_test

import (
	"encoding/base64"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

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
	before := spent(b)
	for b.Loop() {
		answer()
	}
	b.ReportMetric(float64((spent(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
}

// spent is the processor time of this process: unlike the clock on the wall it does not count what others do on a shared machine.
func spent(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Skip(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
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
