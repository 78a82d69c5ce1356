package oidc_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// BenchmarkRefresh is one durable token refresh without the network: client authentication, one row moved, a new ID token signed. Families are refreshed side by
// side, as those of many people are.
func BenchmarkRefresh(b *testing.B) {
	r := newRig(b)
	person := r.browser()
	offline := ask("scope", "openid profile offline_access")
	handler := r.server.Config.Handler
	var tokens = make(chan string, 256)
	for range cap(tokens) {
		tokens <- r.exchange(person.code(offline)).text("refresh_token")
	}
	b.SetParallelism(128)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {<-tokens}}
			req := httptest.NewRequest(http.MethodPost, "/oauth2/token", strings.NewReader(form.Encode()))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			req.SetBasicAuth("bank", secret)
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, req)
			var got struct {
				Refresh string `json:"refresh_token"`
			}
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Refresh == "" {
				b.Errorf("answered %d %s", w.Code, w.Body)
				return
			}
			tokens <- got.Refresh
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "refreshes/s")
}
