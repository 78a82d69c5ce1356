package app

import (
	"net/http"

	"chave/internal/core/login"
	"chave/internal/outside/store"
	"chave/internal/page/ui"
	"chave/internal/wire/faoauth"
	"chave/internal/wire/fasaml"
)

// mountFA composes the two doors of CMD. They share keys, sessions and a cookie with each other and with nobody else.
func (a *App) mountFA(mux *http.ServeMux, c Config, m *middle) error {
	jar := a.Jar.In(string(login.Compat))
	entity := c.Settings.FA.EntityID
	if entity == "" {
		entity = c.Settings.Issuer
	}
	saml := &fasaml.Provider{
		Issuer: c.Settings.Issuer, EntityID: entity, Aliases: c.Settings.FA.Aliases, Window: c.Settings.FA.Window,
		Login: a.Login, Do: store.In[fasaml.Tx](a.DB), View: store.InView[fasaml.Tx](a.DB), Keys: a.faKeys, Vault: a.Vault, Jar: jar,
		Now: a.Now, Rand: a.rand, Log: a.Log, Lang: a.lang, Address: m.address, Count: a.metrics.compatUse,
		Pages: fasaml.Pages{
			Fail: a.failWith,
			Post: func(w http.ResponseWriter, r *http.Request, action, name string, fields []fasaml.Field) {
				post := ui.Post{Action: action, Name: name}
				for _, f := range fields {
					post.Fields = append(post.Fields, ui.Hidden(f))
				}
				a.Site.AutoPost(w, r, post)
			},
		},
	}
	if err := saml.Check(); err != nil {
		return err
	}
	saml.Mount(mux)

	a.oauth = &faoauth.Provider{
		Issuer: c.Settings.Issuer, Login: a.Login, Do: store.In[faoauth.Tx](a.DB), View: store.InView[faoauth.Tx](a.DB), Keys: a.faKeys, Jar: jar,
		Pages: faoauth.Pages{Fail: a.failWith}, Now: a.Now, Rand: a.rand, Log: a.Log, Lang: a.lang, Count: a.metrics.compatUse,
		Sources: a.Login.Sources, Client: c.HTTP,
	}
	if err := a.oauth.Check(); err != nil {
		return err
	}
	a.oauth.Mount(mux)
	return nil
}

func (a *App) lang(r *http.Request) string { return string(a.Site.Lang(r)) }

// failWith is failAtDoor with the status that a wire's reference asks for.
func (a *App) failWith(w http.ResponseWriter, r *http.Request, status int, err error) {
	a.failAtDoor(&fixedStatus{w, status}, r, err)
}

// fixedStatus answers with one status, whatever a page would choose.
type fixedStatus struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *fixedStatus) WriteHeader(int) { w.ResponseWriter.WriteHeader(w.status) }

// Unwrap lets http.ResponseController reach the real writer.
func (w *fixedStatus) Unwrap() http.ResponseWriter { return w.ResponseWriter }
