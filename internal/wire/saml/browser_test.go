package saml_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"chave/internal/core/consent"
	"chave/internal/core/credential"
	"chave/internal/core/login"
	format "chave/internal/format/saml"
	"chave/internal/wire/saml"
)

// browser is one person's browser: it keeps cookies and follows no redirect by itself.
type browser struct {
	r    *rig
	base string
	http *http.Client
}

func (r *rig) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{r, r.server.URL, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

type page struct {
	status   int
	header   http.Header
	location *url.URL
	body     string
	posted   map[string]string // what the page posts to a service by itself
}

func (b *browser) do(req *http.Request) page {
	b.r.t.Helper()
	resp, err := b.http.Do(req)
	if err != nil {
		b.r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	got := page{status: resp.StatusCode, header: resp.Header, body: string(body)}
	if resp.Header.Get("Location") != "" {
		got.location, _ = url.Parse(resp.Header.Get("Location"))
	}
	raw := map[string]string{}
	if json.Unmarshal(body, &raw) == nil {
		got.posted = map[string]string{}
		for name, value := range raw {
			if name != "action" {
				plain, _ := base64.StdEncoding.DecodeString(value)
				value = string(plain)
			}
			got.posted[name] = value
		}
	}
	return got
}

func (b *browser) get(path string) page {
	b.r.t.Helper()
	if strings.HasPrefix(path, "/") {
		path = b.base + path
	}
	req, err := http.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		b.r.t.Fatal(err)
	}
	return b.do(req)
}

func (b *browser) post(path string, form url.Values) page {
	b.r.t.Helper()
	req, _ := http.NewRequest(http.MethodPost, b.base+path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(req)
}

// crossPost is a form on another site's page: the browser keeps our cookies at home (SameSite=Lax).
func (b *browser) crossPost(path string, form url.Values) page {
	b.r.t.Helper()
	bare := *b
	bare.http = &http.Client{CheckRedirect: b.http.CheckRedirect}
	return bare.post(path, form)
}

// follow goes on to our own addresses.
func (b *browser) follow(p page) page {
	b.r.t.Helper()
	for n := 0; p.status == http.StatusSeeOther && p.location.Host == "" && strings.HasPrefix(p.location.Path, "/saml/"); n++ {
		if n > 40 {
			b.r.t.Fatal("a redirect loop")
		}
		p = b.get(p.location.String())
	}
	if refresh, ok := strings.CutPrefix(p.header.Get("Refresh"), "0; url="); ok {
		return b.follow(b.get(refresh))
	}
	return p
}

func (b *browser) cookie(name string) string {
	u, _ := url.Parse(b.base)
	for _, c := range b.http.Jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (b *browser) keep(session string) {
	u, _ := url.Parse(b.base)
	b.http.Jar.SetCookies(u, []*http.Cookie{{Name: "chave_session", Value: session, Path: "/"}})
}

func (b *browser) session() (login.Session, bool) {
	s, _, err := b.r.login.SessionOf(b.r.t.Context(), b.cookie("chave_session"))
	return s, err == nil
}

// transaction is the sign-in that a request leads to.
func (b *browser) transaction(p page) login.Transaction {
	b.r.t.Helper()
	if p.status != http.StatusSeeOther || p.location == nil || !strings.HasPrefix(p.location.Path, "/signin/") {
		b.r.t.Fatalf("not sent to the sign-in: %d %v %s %s\n%s", p.status, p.location, p.header.Get("X-Fault"), p.message("SAMLResponse"), b.r.logged())
	}
	t, err := b.r.login.Load(b.r.t.Context(), strings.TrimPrefix(p.location.Path, "/signin/"), b.cookie("chave_browser"))
	if err != nil {
		b.r.t.Fatal(err)
	}
	return t
}

// prove goes through identifier, PIN and code as the pages would, unless a session stands for them.
func (b *browser) prove(t login.Transaction, identifier string) login.Transaction {
	b.r.t.Helper()
	ctx, cookie, must := b.r.t.Context(), b.cookie("chave_browser"), func(err error) {
		b.r.t.Helper()
		if err != nil {
			b.r.t.Fatal(err)
		}
	}
	if t.Next(b.r.clock()) == login.StepWho {
		_, err := b.r.login.Identify(ctx, t.ID, cookie, identifier, "")
		must(err)
		typed, err := credential.ParsePIN(pin)
		must(err)
		t, err = b.r.login.EnterPIN(ctx, t.ID, cookie, "192.0.2.1", typed)
		must(err)
	}
	if t.Next(b.r.clock()) == login.StepCode {
		code, err := credential.ParseCode(b.r.code())
		must(err)
		opened, err := b.r.login.EnterCode(ctx, t.ID, cookie, login.Sessions{Modern: b.cookie("chave_session")}, code)
		must(err)
		b.keep(opened.Cookie)
		t = opened.Transaction
	}
	return t
}

// agree shares what is asked for, but for what is named, and goes back to the service.
func (b *browser) agree(t login.Transaction, but ...consent.Name) page {
	b.r.t.Helper()
	var share []consent.Name
next:
	for _, a := range t.Ask {
		for _, name := range but {
			if a.Name == name {
				continue next
			}
		}
		share = append(share, a.Name)
	}
	if _, err := b.r.login.Decide(b.r.t.Context(), t.ID, b.cookie("chave_browser"), share); err != nil {
		b.r.t.Fatal(err)
	}
	return b.get(t.Resume)
}

// begin posts a request as a service's page does, and follows to the sign-in.
func (b *browser) begin(doc, state string) page {
	b.r.t.Helper()
	return b.follow(b.crossPost(saml.PathSSO, form("SAMLRequest", doc, state)))
}

// signIn is the whole way from request to answer, for the person with a phone.
func (b *browser) signIn(a ask) page {
	b.r.t.Helper()
	return b.agree(b.prove(b.transaction(b.begin(b.r.signed(a.xml()), "st")), phone))
}

// message is a document that a page posts.
func (p page) message(field string) string {
	doc, err := format.DecodePOST(p.posted[field], 1<<20)
	if err != nil {
		return ""
	}
	return string(doc)
}
