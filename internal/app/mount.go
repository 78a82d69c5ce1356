package app

import (
	"net/http"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/service"
	"chave/internal/page/check"
	"chave/internal/page/counter"
	"chave/internal/page/door"
	"chave/internal/page/mykey"
	"chave/internal/page/portal"
	"chave/internal/page/qr"
	"chave/internal/page/sign"
	"chave/internal/page/signin"
	"chave/internal/page/ui"

	"golang.org/x/time/rate"
)

// mount lists every route's owner once.
func (a *App) mount(c Config) error {
	site, err := ui.New(ui.Config{
		Texts: a.Texts, Now: a.Now, Demo: c.Demo, Secure: a.secure, Log: a.Log,
		Sets: []ui.Set{signin.Pages(), portal.Pages(), mykey.Pages(), counter.Pages(), qr.Pages(), sign.Pages(), check.Pages()},
	})
	if err != nil {
		return err
	}
	a.Site = site
	trusted, err := networks(c.Settings.TrustedProxies)
	if err != nil {
		return err
	}
	mayRead := c.Settings.MetricsFrom
	if len(mayRead) == 0 {
		mayRead = []string{"127.0.0.0/8", "::1"}
	}
	scrapers, err := networks(mayRead)
	if err != nil {
		return err
	}
	perSecond := c.Settings.RequestsPerAddress
	if perSecond == 0 {
		perSecond = 50
	}
	m := &middle{
		app: a, trusted: trusted, metrics: scrapers,
		limits: &addressLimits{per: rate.Limit(perSecond), burst: 4 * perSecond, seen: map[string]*rate.Limiter{}},
	}
	mux := http.NewServeMux()
	site.Mount(mux)
	(&signin.Handler{Site: site, Login: a.Login, Service: newShown(a.Service).Service, Jar: a.Jar, Address: m.source, Now: a.Now}).Mount(mux)
	a.mountAreas(mux)
	if err := a.mountOIDC(mux, c); err != nil {
		return err
	}
	if err := a.mountFA(mux, c, m); err != nil {
		return err
	}
	(&qr.Handler{Site: a.Site, Requests: a.oauth, Jar: a.Jar, Rand: a.rand, Log: a.Log}).Mount(mux)
	if err := a.mountSAML(mux, c); err != nil {
		return err
	}
	if err := a.mountSigning(mux, c, m); err != nil {
		return err
	}
	a.mountHealth(mux, m)
	a.handler = m.wrap(mux)
	return nil
}

// mountAreas serves what belongs to Chave itself: the portal, the holder's own area, the counter.
func (a *App) mountAreas(mux *http.ServeMux) {
	lang := func(r *http.Request) string { return string(a.Site.Lang(r)) }
	(&portal.Handler{
		Site: a.Site, Login: a.Login, Jar: a.Jar, Services: a.Services, MinAge: a.Enrol.Rules.MinAge, Counter: "/counter", Sign: true,
	}).Mount(mux)
	(&mykey.Handler{
		Site: a.Site, Login: a.Login, Services: a.Services, Service: a.Service, Now: a.Now, Keep: a.historyDays(), Signing: a.Signing, Terms: termsVersion, Test: true,
		Door: &door.Door{
			Login: a.Login, Jar: a.Jar, Rand: a.rand, Now: a.Now, Service: keyArea(), MinLevel: service.LevelEmail, Fresh: 15 * time.Minute,
			Path: "/key/enter/", Home: "/key", Lang: lang,
		},
	}).Mount(mux)
	(&counter.Handler{
		Site: a.Site, Enrol: a.Enrol, Services: a.Services, SignIn: a.Settings.Issuer + "/key", Now: a.Now, Signature: a.Settings.Issuer + "/key/signature",
		Door: &door.Door{
			Login: a.Login, Jar: a.Jar, Rand: a.rand, Now: a.Now, Service: counterArea(), MinLevel: service.LevelPhone, Fresh: time.Hour,
			Path: "/counter/enter/", Home: "/counter", Lang: lang,
		},
	}).Mount(mux)
}

// historyDays is how long the holder's own history is kept (R5.04).
func (a *App) historyDays() int {
	if d := a.Settings.Policy.HistoryDays; d > 0 {
		return d
	}
	return 90
}

// mountHealth serves what supervisors ask: alive, ready, figures.
func (a *App) mountHealth(mux *http.ServeMux, m *middle) {
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := a.DB.Ping(r.Context()); err != nil {
			http.Error(w, "database does not answer", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ready\n"))
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		if m.relayed(r) || !within(m.metrics, m.address(r)) {
			a.Site.Fail(w, r, fault.New(fault.PageNotFound))
			return
		}
		a.metrics.handler().ServeHTTP(w, r)
	})
}
