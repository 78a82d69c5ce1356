package fasaml_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"chave/internal/core/service"
	"chave/internal/format/xmldsig"
)

// FuzzForm: whatever body is posted, the answer is a page of ours, a redirect of ours, or a form to an address that is registered, and never a failure.
func FuzzForm(f *testing.F) {
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
	f.Fuzz(func(t *testing.T, body string) { wantHarmless(t, handler, body) })
}

// FuzzRequest is the same for documents: what is mutated is the XML and not its base64.
func FuzzRequest(f *testing.F) {
	r := vectorRig(f)
	for name, doc := range vectorDocuments(f) {
		f.Add(doc, name)
	}
	handler := r.server.Config.Handler
	f.Fuzz(func(t *testing.T, doc []byte, state string) {
		form := formOf(doc)
		form.Set("RelayState", state)
		wantHarmless(t, handler, form.Encode())
	})
}

func wantHarmless(t *testing.T, handler http.Handler, body string) {
	t.Helper()
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
}

func formRequest(body string) *http.Request {
	req := httptest.NewRequest(http.MethodPost, "/fa/default.aspx", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return req
}

// FuzzExtensions: whatever a registered service signs into its extensions, it is taken or refused to the service, and asks the person for nothing that the
// registration does not list.
func FuzzExtensions(f *testing.F) {
	r := newRig(f)
	for _, seed := range []string{
		"", attributes(uriNIC, "True") + level("3"), attributes(uriNIC, "maybe") + level("x"), level("4") + attributes(uriAll, "1", "http://interop.gov.pt/SCAP?Fornecedor=X$a=b", "0"),
		tabs(`<fa:hideAuthTab TabId="CC"/><fa:defaultSelectedAuthTab/>`) + attributes(uriNIC+"?x=$$==", "1") + level("2"), attributes("http://eidas.europa.eu/attributes/x", "", "\t", ""),
	} {
		f.Add(seed)
	}
	handler := r.server.Config.Handler
	f.Fuzz(func(t *testing.T, extensions string) {
		doc, err := xmldsig.Signer{Key: spKey().key, Certificate: spKey().der}.Sign(r.request(func(a *authn) { a.Extensions = extensions }).xml())
		if err != nil {
			return // not what this target is about; another one has it
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, formRequest(formOf(doc).Encode()))
		p := pageOf(w.Code, w.Header(), w.Body.Bytes())
		if p.status == http.StatusOK && p.posted.Action == acs || p.status >= 400 && p.status < 500 {
			return
		}
		if p.status != http.StatusSeeOther {
			t.Fatalf("answered %d %s", p.status, p.body)
		}
		b := r.browser()
		b.r = &rig{t: t, server: r.server, login: r.login, now: r.clock()}
		for _, ask := range b.transaction(p).Ask {
			if _, listed := r.registered().Allowed(ask.Name); !listed {
				t.Errorf("asks for %s", ask.Name)
			}
		}
	})
}

func (r *rig) registered() service.Service { return service.Service{Settings: sp()} }
