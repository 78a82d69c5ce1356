package saml_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/login"
	"chave/internal/core/service"
	format "chave/internal/format/saml"
	"chave/internal/wire/saml"
)

// oneService is a store of one registration that remembers nothing: the real one, instrumented for fuzzing, takes a second for what this does in a millisecond.
type oneService struct {
	saml.Tx
	s service.Service
}

func (tx oneService) Service(string) (service.Service, error) { return tx.s, nil }

func (tx oneService) ServiceNamed(_ service.Wire, name string) (service.Service, error) {
	if name != tx.s.SAML.Issuer {
		return service.Service{}, fault.New(fault.ServiceUnknown)
	}
	return tx.s, nil
}

func (oneService) InsertReplay(grant.Kind, []byte, time.Time) (bool, error) { return true, nil }

func (oneService) InsertSingle(grant.Single) error { return nil }

func (oneService) Single(grant.Kind, []byte) (grant.Single, error) {
	return grant.Single{}, fault.New(fault.RowNotFound)
}

// FuzzSSO: whatever is sent, by either binding and to either address, nobody is sent to an address that is not registered, nothing signs a person in that no service
// signed, and nothing of ours fails.
func FuzzSSO(f *testing.F) {
	r := newRig(f)
	s := r.shop()
	s.SAML.UnsignedRequests = true // so that more than the signature is looked at
	tx := oneService{s: r.register(s)}
	r.provider.View = func(_ context.Context, fn func(saml.Tx) error) error { return fn(tx) }
	r.provider.Do = r.provider.View
	gone := func(context.Context, func(login.Tx) error) error { return fault.New(fault.StoreUnavailable) }
	r.provider.Login = &login.Service{Do: gone, View: gone, Times: r.login.Times, Now: r.clock, Rand: r.login.Rand, Log: r.login.Log}
	for _, seed := range []string{
		"", "<a/>", r.ask().xml(), r.signed(r.ask().xml()), r.logout("x").xml(), r.agreement("_x", entity, format.StatusSuccess), `<!DOCTYPE a>`,
		strings.Replace(r.ask().xml(), `Version="2.0"`, `Version="2.0" IsPassive="1" ForceAuthn="true"`, 1),
		strings.Replace(r.ask().xml(), "</samlp:AuthnRequest>", classRefs("better", "urn:chave:level:1")+"</samlp:AuthnRequest>", 1),
	} {
		f.Add(seed, "st", false, false)
		f.Add(seed, "", true, true)
	}
	f.Fuzz(func(t *testing.T, doc, state string, get, slo bool) {
		path, field := saml.PathSSO, "SAMLRequest"
		if slo {
			path = saml.PathSLO
		}
		if strings.Contains(doc, "LogoutResponse") {
			field = "SAMLResponse"
		}
		w := httptest.NewRecorder()
		var req *http.Request
		if get {
			req = httptest.NewRequest(http.MethodGet, path, nil)
			req.URL.RawQuery = url.Values{field: {format.EncodeRedirect([]byte(doc))}, "RelayState": {state}}.Encode()
		} else {
			req = httptest.NewRequest(http.MethodPost, path, strings.NewReader(url.Values{field: {format.EncodePOST([]byte(doc))}, "RelayState": {state}}.Encode()))
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		r.server.Config.Handler.ServeHTTP(w, req)
		to := w.Header().Get("Location")
		if w.Code >= 500 || to != "" && !strings.HasPrefix(to, "/signin/") && !strings.HasPrefix(to, "/saml/begin?r=") {
			t.Errorf("answered %d, sent to %q", w.Code, to)
		}
		if body := w.Body.String(); strings.Contains(body, `"action"`) && !strings.Contains(body, `"https://shop.example/saml/`) {
			t.Errorf("posts %s", body)
		}
	})
}
