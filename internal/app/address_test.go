package app

import (
	"net/http/httptest"
	"testing"

	"golang.org/x/time/rate"
)

func limited(t *testing.T, proxies ...string) *middle {
	t.Helper()
	trusted, err := networks(proxies)
	if err != nil {
		t.Fatal(err)
	}
	return &middle{trusted: trusted, limits: &addressLimits{per: rate.Limit(1), burst: 1, seen: map[string]*rate.Limiter{}}}
}

func TestA1_A9_limits_count_the_network_that_one_caller_holds(t *testing.T) {
	m := limited(t, "192.0.2.10", "2001:db8:ffff::/48")
	for _, one := range []struct{ name, peer, forwarded, want string }{
		{"an IPv4 address", "198.51.100.7:5000", "", "198.51.100.7"},
		{"IPv4 written as IPv6", "[::ffff:198.51.100.7]:5000", "", "198.51.100.7"},
		{"a customer's /64", "[2001:db8:1:2:aaaa::1]:5000", "", "2001:db8:1:2::/64"},
		{"another address of that /64", "[2001:db8:1:2:bbbb::9]:5000", "", "2001:db8:1:2::/64"},
		{"the next customer's", "[2001:db8:1:3::1]:5000", "", "2001:db8:1:3::/64"},
		{"an address with a zone", "[fe80::1%eth0]:5000", "", "fe80::/64"},
		{"behind a trusted proxy", "192.0.2.10:5000", "203.0.113.1, 2001:db8:1:2:cccc::1", "2001:db8:1:2::/64"},
		{"behind two trusted proxies", "192.0.2.10:5000", "2001:db8:1:2::7, 2001:db8:ffff::1", "2001:db8:1:2::/64"},
		{"a stranger's X-Forwarded-For", "198.51.100.7:5000", "203.0.113.1", "198.51.100.7"},
	} {
		t.Run(one.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = one.peer
			if one.forwarded != "" {
				r.Header.Set("X-Forwarded-For", one.forwarded)
			}
			if got := m.source(r); got != one.want {
				t.Fatalf("counted under %q, want %q", got, one.want)
			}
		})
	}
}

func TestA19_figures_are_not_shown_to_who_comes_through_a_proxy_nobody_named(t *testing.T) {
	n := newNode(t)
	for _, one := range []struct {
		name, forwarded string
		want            int
	}{
		{"from this machine", "", 200},
		{"from elsewhere, through a proxy on this machine", "203.0.113.1", 404},
	} {
		t.Run(one.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/metrics", nil)
			r.RemoteAddr = "127.0.0.1:5000"
			if one.forwarded != "" {
				r.Header.Set("X-Forwarded-For", one.forwarded)
			}
			w := httptest.NewRecorder()
			n.app.Handler().ServeHTTP(w, r)
			if w.Code != one.want {
				t.Fatalf("status %d, want %d", w.Code, one.want)
			}
		})
	}
}
