package app

import (
	"net/http"
	"net/url"
	"strings"
)

// compatPrefixes are the beginnings, in lower case, of CMD's addresses. The original answers to any letter case, and so clients write them in many
// (cmd-authentication.md §1.1, cmd-signature.md §1.1).
func compatPrefixes() []string {
	return []string{"/fa/", "/default.aspx", "/oauth/", "/oauthresourceserver/", "/authorizationsystemfrontend/", "/ama.authentication.frontend/"}
}

// anyCase lower-cases the path of CMD's addresses before it is routed, and nothing else: no redirect, which would turn a POST into a GET, and never the query, which
// holds tokens and attribute names. /fa without a slash is one of the aliases.
func anyCase(next http.Handler) http.Handler {
	prefixes := compatPrefixes()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lower := strings.ToLower(r.URL.Path)
		if lower == "/fa" {
			lower = "/fa/"
		}
		for _, p := range prefixes {
			if lower == r.URL.Path || !strings.HasPrefix(lower, p) {
				continue
			}
			routed := new(http.Request)
			*routed = *r
			routed.URL = new(url.URL)
			*routed.URL = *r.URL
			routed.URL.Path, routed.URL.RawPath = lower, ""
			next.ServeHTTP(w, routed)
			r.Pattern = routed.Pattern // for the request's record
			return
		}
		next.ServeHTTP(w, r)
	})
}
