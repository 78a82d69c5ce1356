package saml_test

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"chave/internal/wire/saml"
)

// BenchmarkAnswer is one whole answer without the network and without pages: a signed passive request is read and believed, the session looked up, response and assertion
// are signed under RSA-3072 or P-256, with and without encryption.
func BenchmarkAnswer(b *testing.B) {
	for _, c := range []struct {
		name, alg string
		hidden    bool
	}{{"RS256", "RS256", false}, {"RS256 encrypted", "RS256", true}, {"ES256", "ES256", false}} {
		b.Run(c.name, func(b *testing.B) {
			r := newRig(b)
			r.provider.Alg = c.alg
			s := r.shop()
			key := rsaKey(b)
			s.SAML.Certificates = []string{certified(b, key, r.clock())}
			r.key = key
			if c.hidden {
				s.SAML.EncryptTo = s.SAML.Certificates[0]
			}
			r.register(s)
			person := r.browser()
			person.signIn(r.ask())
			handler, cookie := r.server.Config.Handler, "chave_session="+person.cookie("chave_session")
			var queries []string
			for range b.N {
				a := r.ask()
				a.Attrs = ` IsPassive="true"`
				queries = append(queries, r.query("SAMLRequest", a.xml(), "st"))
			}
			b.ReportAllocs()
			b.ResetTimer()
			for _, q := range queries {
				req := httptest.NewRequest("GET", saml.PathSSO, nil)
				req.URL = &url.URL{Path: saml.PathSSO, RawQuery: q}
				req.Header.Set("Cookie", cookie)
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, req)
				if w.Code != 200 || !strings.Contains(w.Body.String(), acs) {
					b.Fatalf("answered %d %s", w.Code, w.Body)
				}
			}
		})
	}
}
