package faoauth_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"chave/internal/core/service"
	"chave/internal/outside/store"
)

// granted is what a sign-in brought.
type granted struct{ access, refresh string }

// grant signs somebody in at the service's own address.
func (r *rig) grant(who string, change ...string) granted {
	r.t.Helper()
	p := r.browser().signIn(ask(change...), who)
	_, fragment, _ := strings.Cut(p.location, "#")
	q, err := url.ParseQuery(fragment)
	if err != nil || q.Get("access_token") == "" {
		r.t.Fatalf("no token: %d %s %s", p.status, p.location, p.header.Get("X-Fault"))
	}
	return granted{q.Get("access_token"), q.Get("refresh_token")}
}

// reply is an answer of the API.
type reply struct {
	status int
	header http.Header
	raw    string
}

func (a reply) object() map[string]any {
	var o map[string]any
	_ = json.Unmarshal([]byte(a.raw), &o)
	return o
}

func (a reply) text(name string) string { s, _ := a.object()[name].(string); return s }

// line is one entry of the API's array.
type line struct {
	Name  string
	Value *string
	State string
}

func (a reply) lines() []line {
	var all []line
	_ = json.Unmarshal([]byte(a.raw), &all)
	return all
}

// short writes an array's values, or states where there are none.
func (a reply) short() string {
	var words []string
	for _, one := range a.lines() {
		if one.Value != nil {
			words = append(words, *one.Value)
		} else {
			words = append(words, one.State)
		}
	}
	return strings.Join(words, ", ")
}

func (r *rig) call(method, path, kind, body string, headers ...string) reply {
	r.t.Helper()
	req, err := http.NewRequest(method, r.server.URL+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, _ := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, string(raw)}
}

const (
	managerPath = "/OAuthResourceServer/Api/AttributeManager"
	resource    = "/OAuthResourceServer/Api/Resource"
	refreshPath = "/OAuth/Service/AuthenticationJWT.svc/refreshToken"
)

func (r *rig) post(path, body string, headers ...string) reply {
	r.t.Helper()
	return r.call(http.MethodPost, path, "application/json", body, headers...)
}

// begin starts a reading of everything.
func (r *rig) begin(token string) (context string) {
	r.t.Helper()
	got := r.post(managerPath, `{"token":"`+token+`"}`)
	if got.status != http.StatusOK || got.text("token") != token {
		r.t.Fatalf("%d %s", got.status, got.raw)
	}
	return got.text("authenticationContextId")
}

func (r *rig) collect(token, context string) reply {
	r.t.Helper()
	return r.call(http.MethodGet, managerPath+"?token="+token+"&authenticationContextId="+context, "", "")
}

func (r *rig) refresh(g granted) (reply, granted) {
	r.t.Helper()
	got := r.post(refreshPath, `{"jsonWebToken":"`+g.access+`","jsonWebRefreshToken":"`+g.refresh+`"}`)
	return got, granted{got.text("jsonWebToken"), got.text("jsonWebRefreshToken")}
}

func (r *rig) service(id string) (s service.Service, err error) {
	err = r.db.Do(context.Background(), func(tx *store.Tx) error {
		s, err = tx.Service(id)
		return err
	})
	return s, err
}
