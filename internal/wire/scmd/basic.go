package scmd

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"

	"chave/internal/core/fault"
	"chave/internal/core/service"
)

// errNoLogin is 401 with a challenge: WCF sends no login before it was asked for one (§1.5). What was wrong is not told.
var errNoLogin = errors.New("no login, a wrong one, or from an address that is not the application's")

// login checks HTTP Basic. found is false when the request carries none; a wrong one is errNoLogin. A user that nobody has costs the same digests as one that somebody has.
func (p *Provider) login(r *http.Request) (app service.Service, found bool, err error) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return service.Service{}, false, nil
	}
	user, password, ok := r.BasicAuth()
	if !ok || len(headers) > 1 || len(user) > 256 || len(password) > 1024 {
		return service.Service{}, false, errNoLogin
	}
	app, err = p.application(r.Context(), service.WireSCMDUser, user)
	known := err == nil
	if err != nil && !fault.Is(err, fault.ServiceUnknown) {
		return service.Service{}, false, outage(err)
	}
	right, err := app.PasswordMatches(p.Vault, password)
	if err != nil {
		return service.Service{}, false, outage(err)
	}
	if !known || !right || !inNetworks(app, p.Address(r)) {
		return service.Service{}, false, errNoLogin
	}
	return app, true, nil
}

// application finds a service by one of its names on this wire. A closed one is as good as none.
func (p *Provider) application(ctx context.Context, by service.Wire, name string) (app service.Service, err error) {
	err = p.View(ctx, func(tx Tx) (err error) {
		app, err = tx.ServiceNamed(by, name)
		return err
	})
	if err == nil && (app.Closed || app.SCMD == nil) {
		err = fault.New(fault.ServiceUnknown)
	}
	if err != nil {
		return service.Service{}, err
	}
	return app, nil
}

// inNetworks tells whether an application may call from an address; any may when the registration lists none (security.md §9).
func inNetworks(app service.Service, address string) bool {
	if len(app.SCMD.Networks) == 0 {
		return true
	}
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	ip = ip.Unmap().WithZone("")
	for _, text := range app.SCMD.Networks {
		if one, err := netip.ParseAddr(text); err == nil && one.Unmap() == ip {
			return true
		}
		if network, err := netip.ParsePrefix(text); err == nil && network.Contains(ip) {
			return true
		}
	}
	return false
}

// withoutLogin decides about calls of the older service that carry no login (§1.5): of an application whose registration allows them, or a batch of one that logged in from the
// same address a moment ago, because the official program loses its login just there. Anything else is a 401, and a stranger learns nothing of ids from it.
func (p *Provider) withoutLogin(ctx context.Context, c *call) (service.Service, error) {
	id, ok := c.applicationID()
	if !ok {
		return service.Service{}, errNoLogin
	}
	app, err := p.application(ctx, service.WireSCMD, strings.ToLower(id))
	if fault.Is(err, fault.ServiceUnknown) {
		return service.Service{}, errNoLogin
	}
	if err != nil {
		return service.Service{}, outage(err)
	}
	if !inNetworks(app, c.address) {
		return service.Service{}, errNoLogin
	}
	trusted := app.Allows(service.Unauthenticated, p.Now())
	if !trusted && c.op.name == "CCMovelMultipleSign" {
		if trusted, err = p.loggedInLately(ctx, app, c.address); err != nil {
			return service.Service{}, outage(err)
		}
	}
	if !trusted {
		return service.Service{}, errNoLogin
	}
	p.count(app, service.Unauthenticated)
	return app, nil
}
