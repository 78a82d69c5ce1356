package phone

import (
	"net"
	"net/http"
	"net/url"
)

// guard lets through only requests that name this machine as their host and, if they come from a
// page, a page of this very origin. The first defeats DNS rebinding, the second cross-site reading
// and posting: either would hand a visitor's codes, or the clock, to any web page they have open.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ownHost(r) {
			answer(w, http.StatusForbidden, map[string]string{"error": "foreign_host", "message": "use localhost or 127.0.0.1 with the port that the demonstration printed"})
			return
		}
		if !ownOrigin(r) {
			answer(w, http.StatusForbidden, map[string]string{"error": "foreign_origin", "message": "pages from elsewhere may not use this address"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ownHost accepts the loopback names with the port the request arrived on.
func ownHost(r *http.Request) bool {
	host, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		return false
	}
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok {
		if _, want, err := net.SplitHostPort(local.String()); err != nil || port != want {
			return false
		}
	}
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

// ownOrigin looks at Origin, which browsers send with every cross-origin read by script and every
// form post; programs send none. Sec-Fetch-Site covers what Origin leaves open: a foreign page that
// loads an address as script, image or frame. Following a link to a page is always allowed.
func ownOrigin(r *http.Request) bool {
	for _, origin := range r.Header.Values("Origin") {
		u, err := url.Parse(origin)
		if err != nil || u.Host != r.Host || origin != u.Scheme+"://"+u.Host {
			return false
		}
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return true
	}
	return r.Method == http.MethodGet && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}
