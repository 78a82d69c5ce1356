package drive

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Browser is one person's: its cookies and nothing else. It is used by one goroutine at a time.
type Browser struct {
	Lines *Lines
	// Language is sent as Accept-Language; empty sends none.
	Language string

	cookies map[string][]crumb // by host name: ports share a jar
}

// crumb is a cookie; one that is not SameSite=None stays at home when another site posts.
type crumb struct {
	name, value string
	none        bool
}

// Page is an answer and where it came from.
type Page struct {
	URL    *url.URL
	Status int
	Body   []byte
	// Next is where a redirect leads, absolute; nil when it is none.
	Next *url.URL
}

// Get asks for an address and does not follow.
func (b *Browser) Get(ctx context.Context, u *url.URL) (Page, error) {
	return b.send(ctx, &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{}})
}

// Post sends a form and does not follow. A browser names the origin it posts from, and so does this one.
func (b *Browser) Post(ctx context.Context, u *url.URL, form url.Values) (Page, error) {
	return b.PostFrom(ctx, u.Scheme+"://"+u.Host, u, form)
}

// PostFrom sends a form that stands on a page of another origin, such as a service's. From another site only cookies that are SameSite=None go along.
func (b *Browser) PostFrom(ctx context.Context, origin string, u *url.URL, form url.Values) (Page, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return Page{}, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", origin)
	if origin != u.Scheme+"://"+u.Host {
		r.Header.Set("Sec-Fetch-Site", crossSite)
	}
	return b.send(ctx, r)
}

// crossSite is what browsers say of a request that another site's page makes (Fetch Metadata).
const crossSite = "cross-site"

func (b *Browser) send(ctx context.Context, r *http.Request) (Page, error) {
	r.Header.Set("User-Agent", "chave-test")
	if b.Language != "" {
		r.Header.Set("Accept-Language", b.Language)
	}
	host := r.URL.Hostname()
	if jar := b.cookies[host]; len(jar) > 0 {
		stranger := r.Header.Get("Sec-Fetch-Site") == crossSite
		var all strings.Builder
		for _, c := range jar {
			if stranger && !c.none {
				continue
			}
			if all.Len() > 0 {
				all.WriteString("; ")
			}
			all.WriteString(c.name + "=" + c.value)
		}
		if all.Len() > 0 {
			r.Header.Set("Cookie", all.String())
		}
	}
	answer, body, err := b.Lines.Do(ctx, r)
	if err != nil {
		return Page{}, err
	}
	for _, c := range answer.Cookies() {
		b.keep(host, c)
	}
	page := Page{URL: r.URL, Status: answer.StatusCode, Body: body}
	if to := answer.Header.Get("Location"); to != "" && answer.StatusCode/100 == 3 {
		if page.Next, err = r.URL.Parse(to); err != nil {
			return page, fmt.Errorf("redirect from %s: %w", r.URL.Path, err)
		}
	}
	return page, nil
}

func (b *Browser) keep(host string, c *http.Cookie) {
	jar := b.cookies[host]
	at := -1
	for i := range jar {
		if jar[i].name == c.Name {
			at = i
		}
	}
	switch {
	case c.MaxAge < 0 && at >= 0:
		jar = append(jar[:at], jar[at+1:]...)
	case c.MaxAge < 0:
	case at >= 0:
		jar[at].value, jar[at].none = c.Value, c.SameSite == http.SameSiteNoneMode
	default:
		jar = append(jar, crumb{c.Name, c.Value, c.SameSite == http.SameSiteNoneMode})
	}
	if b.cookies == nil {
		b.cookies = map[string][]crumb{}
	}
	b.cookies[host] = jar
}

// Cookie is the value of a cookie for a host name, or empty.
func (b *Browser) Cookie(host, name string) string {
	for _, c := range b.cookies[host] {
		if c.name == name {
			return c.value
		}
	}
	return ""
}

// SetCookie puts a cookie in the jar, for tests that replay or forge one.
func (b *Browser) SetCookie(host, name, value string) {
	b.keep(host, &http.Cookie{Name: name, Value: value})
}

// Copy is a second browser with the same cookies, as a thief of the jar would have.
func (b *Browser) Copy() *Browser {
	c := &Browser{Lines: b.Lines, Language: b.Language, cookies: map[string][]crumb{}}
	for host, jar := range b.cookies {
		c.cookies[host] = append([]crumb(nil), jar...)
	}
	return c
}

// maxRedirects is more than any flow needs; beyond it something goes in circles.
const maxRedirects = 10

// Follow goes where redirects lead until a page answers, or until stop says that an address is not to be visited: that page is returned as it is, with
// Next set.
func (b *Browser) Follow(ctx context.Context, page Page, stop func(*url.URL) bool) (Page, error) {
	for range maxRedirects {
		if page.Next == nil || stop != nil && stop(page.Next) {
			return page, nil
		}
		var err error
		if page, err = b.Get(ctx, page.Next); err != nil {
			return page, err
		}
	}
	return page, fmt.Errorf("more than %d redirects, last at %s", maxRedirects, page.URL.Path)
}
