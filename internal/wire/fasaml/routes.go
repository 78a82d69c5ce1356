package fasaml

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"chave/internal/core/fault"
	"chave/internal/page/ui"
)

// Paths, lower-case: whoever routes lower-cases the path before, because services write it in every way (cmd-authentication.md §1.1).
const (
	PathSignOn   = "/fa/default.aspx"
	PathBegin    = "/fa/begin"
	PathResume   = "/fa/resume/"
	PathMetadata = "/fa/metadata"
	PathProbe    = "/fa/isuserauthenticated.aspx"
)

// published spelling of the address that services post to.
const spelledSignOn = "/fa/Default.aspx"

// doors are the paths that take SAML requests. Each takes any of them and looks at the message's root, because clients mix them (§1.1, §1.8.1).
func doors() []string {
	return []string{PathSignOn, "/fa/", "/fa", "/default.aspx", "/fa/logout.aspx", "/fa/logout.ashx"}
}

// Mount adds the endpoints. Whoever guards other POSTs against cross-site forms must let these through: services post here from their own pages, and each message
// carries its own proof.
func (p *Provider) Mount(mux *http.ServeMux) {
	for _, path := range doors() {
		if strings.HasSuffix(path, "/") {
			path += "{$}" // that path only, and no redirect to it: a redirected POST becomes a GET
		}
		mux.Handle("POST "+path, p.person(p.entrance))
		mux.Handle("GET "+path, p.person(p.wrongBinding))
	}
	mux.Handle("GET "+PathBegin, p.person(p.begin))
	mux.Handle("GET "+PathResume+"{id}", p.person(p.resume))
	mux.Handle("GET "+PathMetadata, p.person(p.metadata))
	mux.HandleFunc("GET "+PathProbe, p.probe)
}

// person wraps an endpoint that a person's browser visits: an error becomes a page of ours, and one record in the log.
func (p *Provider) person(serve func(http.ResponseWriter, *http.Request) error) http.Handler {
	return ui.Visit(serve, p.failHere)
}

// wrongBinding answers a GET: requests come by POST only (§1.2).
func (p *Provider) wrongBinding(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Allow", http.MethodPost)
	return here(http.StatusMethodNotAllowed, fault.BindingUnsupported, nil)
}

// meansUs tells whether a Destination is one of our doors, under our own name or another one that the operator listed. Letter case of scheme, host and path counts for
// nothing, and neither does a query such as that of window mode.
func (p *Provider) meansUs(destination string) bool {
	u, err := url.Parse(destination)
	if err != nil || u.User != nil {
		return false
	}
	base, path := strings.ToLower(u.Scheme+"://"+u.Host), strings.ToLower(u.Path)
	ours := slices.Contains(doors(), path)
	if base == strings.ToLower(p.Issuer) {
		return ours
	}
	for _, alias := range p.Aliases {
		a, err := url.Parse(alias)
		if err != nil || base != strings.ToLower(a.Scheme+"://"+a.Host) {
			continue
		}
		if aliasPath := strings.ToLower(a.Path); aliasPath == path || ours && (aliasPath == "" || aliasPath == "/") {
			return true
		}
	}
	return false
}
