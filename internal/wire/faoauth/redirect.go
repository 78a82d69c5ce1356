package faoauth

import (
	"net/url"
	"slices"
	"strings"

	"chave/internal/core/service"
)

const maxAddress = 2000 // bytes of an address that results go to

// mayGoTo tells whether results for a service may go to an address (§2.1): our own static page; one of the registered addresses, compared character by character; https
// at the registered domain or below it; and, for programs on people's own machines, any port there. Never one with a user name or a fragment, nor one that browsers
// and we could read in two ways.
func (p *Provider) mayGoTo(s service.Service, address string) bool {
	u, ok := readAddress(address)
	if !ok || s.OAuth == nil {
		return false
	}
	if u.Scheme+"://"+u.Host == p.Issuer && strings.EqualFold(u.Path, PathLanding) && u.RawQuery == "" {
		return true
	}
	switch {
	case slices.Contains(s.OAuth.RedirectURIs, address):
		return true
	case u.Scheme == "https":
		return under(u.Hostname(), s.OAuth.Domain)
	case u.Scheme == "http":
		return s.OAuth.Native && slices.Contains([]string{"127.0.0.1", "localhost", "::1"}, u.Hostname())
	}
	return false
}

// mayCallBack tells whether a decision on a QR-code request may be posted to an address: the registered callback, or one at a host that the service registered. An address
// of anybody else would make us post, from inside our network, to wherever a signed request says. Other ports than https's own, and plain http on this
// machine, must be registered as they are.
func (p *Provider) mayCallBack(s service.Service, address string) bool {
	u, ok := readAddress(address)
	if !ok || s.OAuth == nil {
		return false
	}
	if s.OAuth.Callback != "" && address == s.OAuth.Callback {
		return true
	}
	if u.Scheme == "https" && (u.Port() == "" || u.Port() == "443") && under(u.Hostname(), s.OAuth.Domain) {
		return true
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !service.Loopback(u.Hostname())) {
		return false
	}
	for _, registered := range append([]string{s.OAuth.Callback}, s.OAuth.RedirectURIs...) {
		if r, ok := readAddress(registered); ok && r.Scheme == u.Scheme && strings.EqualFold(r.Host, u.Host) {
			return true
		}
	}
	return false
}

// readAddress takes an address apart, if there is one way only to read it.
func readAddress(address string) (*url.URL, bool) {
	if address == "" || len(address) > maxAddress || strings.ContainsAny(address, "#\\\"<>`^{}| ") {
		return nil, false
	}
	for i := 0; i < len(address); i++ {
		if address[i] <= 0x20 || address[i] >= 0x7f {
			return nil, false
		}
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Opaque != "" || strings.Contains(u.Host, "@") || strings.Contains(u.Host, "%") {
		return nil, false
	}
	return u, true
}

// under tells whether a host is a domain or lies below it.
func under(host, domain string) bool {
	if domain == "" {
		return false
	}
	host, domain = strings.ToLower(host), strings.ToLower(domain)
	return host == domain || strings.HasSuffix(host, "."+domain)
}
