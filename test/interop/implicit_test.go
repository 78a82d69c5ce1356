//go:build interop

package interop

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"chave/test/browser/country"
	"chave/test/drive"
)

// The attributes of the transcript, and what names a foreigner.
const (
	nic         = "http://interop.gov.pt/MDC/Cidadao/NIC"
	fullName    = "http://interop.gov.pt/MDC/Cidadao/NomeCompleto"
	docType     = "http://interop.gov.pt/MDC/Cidadao/DocType"
	docCountry  = "http://interop.gov.pt/MDC/Cidadao/DocNationality"
	docNumber   = "http://interop.gov.pt/MDC/Cidadao/DocNumber"
	nativeReply = "http://127.0.0.1:50123"
)

// TestPlain_HTTP_at_the_OAuth_door follows the transcript of cmd-authentication.md §4.5 line by line, with no library at all: what is sent is written
// as CMD's desktop program and web sites write it, flaws included.
func TestPlain_HTTP_at_the_OAuth_door(t *testing.T) {
	v := arrive(t, "health", "--tls")
	d := oauthDoor{v, v.registered(t, func(r registration) bool { return r.OAuth != nil })}
	citizen := v.walker(v.browser())
	id := "?client_id=" + d.service.OAuth.ClientID

	// > GET /OAuth/AskAuthorization …, redirect_uri not encoded, a space after the last name
	granted := d.granted(t, citizen, "/OAuth/AskAuthorization"+id+"&response_type=token&redirect_uri="+nativeReply+"&hidden_tabs=cc&scope="+nic+"%20"+fullName+"%20", nativeReply)
	want := []line{{nic, text(v.person.Documents[0].Number[:8]), "Available"}, {fullName, text(strings.ToUpper(v.person.Name)), "Available"}}

	t.Run("§4.5 one step, with the desktop program's trailing comma", func(t *testing.T) {
		d.lines(t, want, d.post(t, "/OAuthResourceServer/Api/Resource", `{"token": "`+granted.token+`", "attributesName": ["`+nic+`","`+fullName+`",]}`))
	})
	t.Run("§4.5 two steps", func(t *testing.T) {
		begun := d.post(t, "/oauthresourceserver/api/AttributeManager", `{"token":"`+granted.token+`"}`)
		d.lines(t, want, d.get(t, "/oauthresourceserver/api/AttributeManager?token="+granted.token+"&authenticationContextId="+d.context(t, begun, granted.token)))
	})
	t.Run("§2.3.1 two steps with names, as a form, in the order asked", func(t *testing.T) {
		form := url.Values{"token": {granted.token}, "attributesName": {fullName, nic}}
		begun := d.send(t, http.MethodPost, "/OAuthResourceServer/Api/AttributeManager", "application/x-www-form-urlencoded", form.Encode())
		d.lines(t, []line{want[1], want[0]}, d.get(t, "/OAuthResourceServer/Api/AttributeManager?authenticationContextId="+d.context(t, begun, granted.token)+"&token="+granted.token))
	})
	t.Run("§2.3.3 one step by GET", func(t *testing.T) {
		d.lines(t, want, d.get(t, "/OAuthResourceServer/Api/Resource?token="+granted.token))
	})
	t.Run("§2.3.1 what was not shared is not to be had", func(t *testing.T) {
		d.lines(t, []line{{docNumber, nil, "NotAvailable"}, want[0]}, d.post(t, "/OAuthResourceServer/Api/Resource", `{"token":"`+granted.token+`","attributesName":["`+docNumber+`","`+nic+`"]}`))
	})
	t.Run("§2.3.4 errors are JSON", func(t *testing.T) {
		for body, want := range map[string]string{
			`{"token":"3b0c6a52-2f0d-4b4e-9a57-6d1f0f7f1c11"}`: "401 invalid_token", `{"attributesName":[]}`: "400 invalid_request", `{"token`: "400 invalid_request",
		} {
			d.refuses(t, d.post(t, "/OAuthResourceServer/Api/AttributeManager", body), want)
		}
		d.refuses(t, d.get(t, "/OAuthResourceServer/Api/AttributeManager?token="+granted.token+"&authenticationContextId=7a9d3b7e-4a3c-4b0e-8f59-1c2e7d90a4b6"), "404 invalid_request")
	})
	t.Run("the token opens nothing else", func(t *testing.T) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, v.Issuer+"/oauth2/userinfo", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+granted.token)
		answer, err := v.Client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusUnauthorized {
			t.Errorf("userinfo answers %d", answer.StatusCode)
		}
	})

	t.Run("§2.4 refresh makes both new, and both old ones die", func(t *testing.T) {
		fresh := d.refresh(t, granted, "200")
		if fresh == granted || len(fresh.token) != 36 {
			t.Errorf("got %d and %d characters", len(fresh.token), len(fresh.refresh))
		}
		d.refuses(t, d.post(t, "/OAuthResourceServer/Api/Resource", `{"token":"`+granted.token+`"}`), "401 invalid_token")
		d.lines(t, want, d.post(t, "/OAuthResourceServer/Api/Resource", `{"token":"`+fresh.token+`"}`))
		d.refresh(t, granted, "401") // used again: whoever has it may be a thief
		d.refuses(t, d.post(t, "/OAuthResourceServer/Api/Resource", `{"token":"`+fresh.token+`"}`), "401 invalid_token")
	})

	own := d.service.OAuth.RedirectURIs[0]
	t.Run("§1.5.3 a second request in any letter case asks only to share, and brings state back", func(t *testing.T) {
		var steps []string
		again := citizen
		again.After = func(step string, _ drive.Page) { steps = append(steps, step) }
		d.granted(t, again, "/oauth/askauthorization"+id+"&response_type=token&state=x%26y&redirect_uri="+url.QueryEscape(own)+"&scope="+url.QueryEscape(nic), own)
		if !slices.Equal(steps, []string{"consent"}) {
			t.Errorf("asked %v", steps)
		}
	})
	t.Run("§2.1 without redirect_uri the result is at the landing page", func(t *testing.T) {
		d.granted(t, citizen, "/OAuth/AskAuthorization"+id+"&response_type=token&scope="+nic, v.Issuer+"/OAuth/Authorized")
	})
	t.Run("§2.3.3 a foreigner is known by document, and NIC is not to be had", func(t *testing.T) {
		people, err := v.People(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(people, func(p country.Person) bool {
			return p.Phone != nil && p.PIN != nil && p.Documents[0].Type == "passport"
		})
		who := people[at]
		foreigner := v.walker(v.browser())
		foreigner.Person = drive.Person{Identifier: *who.Phone, PIN: *who.PIN, Contact: *who.Phone}
		names := []string{nic, docType, docCountry, docNumber}
		g := d.granted(t, foreigner, "/OAuth/AskAuthorization"+id+"&response_type=token&redirect_uri="+nativeReply+"&scope="+strings.Join(names, "%20"), nativeReply)
		got := d.post(t, "/OAuthResourceServer/Api/Resource", `{"token":"`+g.token+`"}`)
		var all []line
		if err := json.Unmarshal(got.body, &all); err != nil || len(all) != 4 {
			t.Fatalf("%s, %v", got.body, err)
		}
		if all[0] != (line{nic, nil, "NotAvailable"}) || *all[1].Value != "PAS" || len(*all[2].Value) != 2 || *all[3].Value != who.Documents[0].Number {
			t.Errorf("got %s", got.body)
		}
	})

	t.Run("§4.5 RECUSAR", func(t *testing.T) {
		no := citizen
		no.Answer, no.Stop = drive.Deny, before(own)
		start := address(t, v.Issuer+"/OAuth/AskAuthorization"+id+"&response_type=token&state=xyz&redirect_uri="+own+"&scope="+nic)
		back, err := no.From(t.Context(), &start)
		if err != nil || back.String() != own+"#error=cancelled&state=xyz" {
			t.Errorf("went to %v, %v", back, err)
		}
	})
	t.Run("§2.2 the way out of the first step is the same answer", func(t *testing.T) {
		start := address(t, v.Issuer+"/OAuth/AskAuthorization"+id+"&response_type=token&redirect_uri="+own+"&scope="+nic)
		back := left(t, v.browser(), &start, before(own))
		if !strings.HasPrefix(back, own+"#error=cancelled") {
			t.Errorf("went to %s", back)
		}
	})
	t.Run("§4.5 an unknown client ends at the landing page", func(t *testing.T) {
		for _, redirect := range []string{"", "&redirect_uri=https://elsewhere.example/cb", "&redirect_uri=" + nativeReply} {
			answer := d.get(t, "/OAuth/AskAuthorization?client_id=999999999999&response_type=token&scope="+nic+redirect)
			if answer.status != http.StatusFound || !regexp.MustCompile(`^(`+regexp.QuoteMeta(v.Issuer)+`)?/OAuth/Authorized#error=unauthorized_client`).MatchString(answer.header.Get("Location")) {
				t.Errorf("%s: %d to %q", redirect, answer.status, answer.header.Get("Location"))
			}
		}
		landing := d.get(t, "/OAuth/Authorized")
		if landing.status != http.StatusOK || landing.header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("the landing page answers %d, %q", landing.status, landing.header.Get("Referrer-Policy"))
		}
	})
	t.Run("§2.1 an address that is not the service's is never visited", func(t *testing.T) {
		for _, foreign := range []string{"https://elsewhere.example/cb", own + ".elsewhere.example/", "https://x@127.0.0.1:1/"} {
			answer := d.get(t, "/OAuth/AskAuthorization"+id+"&response_type=token&scope="+nic+"&redirect_uri="+foreign)
			if to := answer.header.Get("Location"); !strings.Contains(to, "/OAuth/Authorized#error=") {
				t.Errorf("%s: %d to %q", foreign, answer.status, to)
			}
		}
	})
	t.Run("§2.2 another response_type", func(t *testing.T) {
		answer := d.get(t, "/OAuth/AskAuthorization"+id+"&response_type=code&redirect_uri="+own+"&scope="+nic)
		if to := answer.header.Get("Location"); !strings.HasPrefix(to, own+"#error=unsupported_grant_type") {
			t.Errorf("%d to %q", answer.status, to)
		}
	})
	t.Run("§2.3.2 who polls too often is told to wait", func(t *testing.T) {
		g := d.granted(t, citizen, "/OAuth/AskAuthorization"+id+"&response_type=token&redirect_uri="+nativeReply+"&scope="+nic, nativeReply)
		about := d.context(t, d.post(t, "/OAuthResourceServer/Api/AttributeManager", `{"token":"`+g.token+`"}`), g.token)
		for range 12 {
			if last := d.get(t, "/OAuthResourceServer/Api/AttributeManager?token="+g.token+"&authenticationContextId="+about); last.status == http.StatusTooManyRequests {
				d.refuses(t, last, "429 slow_down")
				if last.header.Get("Retry-After") == "" {
					t.Error("not told how long")
				}
				return
			}
		}
		t.Error("nobody minds")
	})
}

// oauthDoor is CMD's OAuth door and a service at it.
type oauthDoor struct {
	visit
	service registration
}

// grant is what a sign-in brings.
type grant struct{ token, refresh string }

// line is one entry of the attribute API's array.
type line struct {
	Name  string
	Value *string
	State string
}

func text(s string) *string { return &s }

// answer is what the door said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// The desktop program cuts exactly 36 characters after access_token= and wants them to look like this.
var fragment = regexp.MustCompile(`^#access_token=([a-z0-9]{8}-(?:[a-z0-9]{4}-){3}[a-z0-9]{12})&token_type=bearer&expires_in=86400&state=([^&]*)&refresh_token=([^&]+)$`)

// granted lets somebody sign in and reads the token as a program on their machine would.
func (d oauthDoor) granted(t *testing.T, w drive.Walk, path, to string) grant {
	t.Helper()
	w.Stop = func(u *url.URL) bool { return strings.HasPrefix(u.String(), to) && u.Fragment != "" }
	start := address(t, d.Issuer+path)
	back, err := w.From(t.Context(), &start)
	if err != nil {
		t.Fatal(err)
	}
	found := fragment.FindStringSubmatch(strings.TrimPrefix(back.String(), to))
	if found == nil {
		t.Fatalf("came back to %s…", back.Redacted()[:min(len(back.Redacted()), len(to)+20)])
	}
	if sent := start.Query().Get("state"); found[2] != url.QueryEscape(sent) {
		t.Errorf("state %q came back as %q", sent, found[2])
	}
	return grant{found[1], found[3]}
}

func (d oauthDoor) get(t *testing.T, path string) answer {
	t.Helper()
	return d.send(t, http.MethodGet, path, "", "")
}

func (d oauthDoor) post(t *testing.T, path, body string) answer {
	t.Helper()
	return d.send(t, http.MethodPost, path, "application/json", body)
}

func (d oauthDoor) send(t *testing.T, method, path, kind, body string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, d.Issuer+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	plain := *d.Client
	plain.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	got, err := plain.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	said, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{got.StatusCode, got.Header, said}
}

// lines wants the array of §2.3.2, bare and in order.
func (d oauthDoor) lines(t *testing.T, want []line, got answer) {
	t.Helper()
	var all []line
	err := json.Unmarshal(got.body, &all)
	same := slices.EqualFunc(all, want, func(a, b line) bool {
		return a.Name == b.Name && a.State == b.State && (a.Value == nil) == (b.Value == nil) && (a.Value == nil || strings.EqualFold(*a.Value, *b.Value))
	})
	if err != nil || got.status != http.StatusOK || !same || got.header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Errorf("answered %d %s: %s, %v", got.status, got.header.Get("Content-Type"), got.body, err)
	}
}

// context reads the answer to the first of two steps: the same token, and what to ask with.
func (d oauthDoor) context(t *testing.T, got answer, token string) string {
	t.Helper()
	var said struct {
		Token   string `json:"token"`
		Context string `json:"authenticationContextId"`
	}
	if err := json.Unmarshal(got.body, &said); err != nil || got.status != http.StatusOK || said.Token != token || len(said.Context) != 36 {
		t.Fatalf("answered %d: %s, %v", got.status, got.body, err)
	}
	return said.Context
}

// refuses wants a status and a code, and the member that ASP.NET clients show.
func (d oauthDoor) refuses(t *testing.T, got answer, want string) {
	t.Helper()
	var said struct{ Error, Message string }
	err := json.Unmarshal(got.body, &said)
	if err != nil || strconv.Itoa(got.status)+" "+said.Error != want || said.Message == "" {
		t.Errorf("answered %d %s, %v; want %s", got.status, got.body, err, want)
	}
}

// refresh trades both tokens; code is what result must say.
func (d oauthDoor) refresh(t *testing.T, old grant, code string) grant {
	t.Helper()
	got := d.post(t, "/OAuth/Service/AuthenticationJWT.svc/refreshToken", `{"jsonWebToken":"`+old.token+`","jsonWebRefreshToken":"`+old.refresh+`"}`)
	var said struct {
		Token   *string `json:"jsonWebToken"`
		Refresh *string `json:"jsonWebRefreshToken"`
		Process *string `json:"processId"`
		Result  struct{ Code, Message string }
	}
	if err := json.Unmarshal(got.body, &said); err != nil || said.Result.Code != code || strconv.Itoa(got.status) != code || (code == "200") != (said.Token != nil && said.Refresh != nil) {
		t.Fatalf("answered %d %s, %v; want %s", got.status, got.body, err, code)
	}
	if said.Token == nil {
		return grant{}
	}
	return grant{*said.Token, *said.Refresh}
}

// left opens an address, leaves at the first step, and tells where that leads.
func left(t *testing.T, b *drive.Browser, start *url.URL, stop func(*url.URL) bool) string {
	t.Helper()
	page, err := b.Get(t.Context(), start)
	if err == nil {
		page, err = b.Follow(t.Context(), page, stop)
	}
	if err != nil {
		t.Fatal(err)
	}
	forms, err := drive.Forms(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range forms {
		if f.Values.Get("cancel") != "1" {
			continue
		}
		page, err = b.Post(t.Context(), f.Action, f.Values)
		if err == nil {
			page, err = b.Follow(t.Context(), page, stop)
		}
		if err != nil || page.Next == nil {
			t.Fatalf("%s answered %d, %v", page.URL.Path, page.Status, err)
		}
		return page.Next.String()
	}
	t.Fatalf("%s has no way out", page.URL.Path)
	return ""
}
