package fasaml_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzRequest: whatever is posted, the answer is a page of ours, a redirect of ours, or a form to an address that is registered, and never a failure.
func FuzzRequest(f *testing.F) {
	r := vectorRig(f)
	docs := vectorDocuments(f)
	for _, doc := range docs {
		f.Add(formOf(doc).Encode())
	}
	v1 := string(docs["V1"])
	f.Add("RelayState=%22%3E&" + formOf(docs["V1"]).Encode())
	f.Add(formOf([]byte(strings.Replace(v1, "<Signature", "<!-- --><Signature", 1))).Encode())
	f.Add(formOf([]byte(strings.Replace(v1, "sp.example.test/acs", "evil.test/acs", 1))).Encode())
	for _, seed := range []string{"", "SAMLRequest", "SAMLRequest=%ff", "SAMLRequest=PD94&SAMLRequest=PD94", "a;b=c&SAMLRequest=+++", "SAMLRequest=PGE%2B"} {
		f.Add(seed)
	}
	handler := r.server.Config.Handler
	f.Fuzz(func(t *testing.T, body string) {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, formRequest(body))
		p := pageOf(w.Code, w.Header(), w.Body.Bytes())
		switch {
		case p.status == http.StatusSeeOther && p.location != nil && p.location.Path == "/fa/begin":
		case p.status == http.StatusOK && p.posted.Action == acs:
		case p.status == http.StatusBadRequest, p.status == http.StatusForbidden:
			if p.fault() == "" {
				t.Error("refused without a code")
			}
		default:
			t.Errorf("answered %d %v %s", p.status, p.location, p.body)
		}
	})
}

func formRequest(body string) *http.Request {
	req := httptest.NewRequest(http.MethodPost, "/fa/default.aspx", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req
}
