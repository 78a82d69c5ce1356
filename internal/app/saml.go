package app

import (
	"net/http"

	"chave/internal/outside/store"
	"chave/internal/page/signin"
	"chave/internal/page/ui"
	"chave/internal/wire/saml"
)

// mountSAML composes the standard's SAML wire, with keys of its own and the modern session.
func (a *App) mountSAML(mux *http.ServeMux, c Config) error {
	provider := &saml.Provider{
		Issuer: c.Settings.Issuer, EntityID: c.Settings.SAML.EntityID, Alg: a.samlAlg(), Login: a.Login,
		Do: store.In[saml.Tx](a.DB), View: store.InView[saml.Tx](a.DB), Keys: a.samlKeys, Vault: a.Vault, Jar: a.Jar, Pages: a.samlPages(),
		Now: a.Now, Rand: a.rand, Log: a.Log, Lang: a.lang,
	}
	if err := provider.Check(); err != nil {
		return err
	}
	provider.Mount(mux)
	return nil
}

func (a *App) samlPages() saml.Pages {
	return saml.Pages{
		Fail: a.failWith,
		Post: func(w http.ResponseWriter, r *http.Request, action, name string, fields []saml.Field) {
			post := ui.Post{Action: action, Name: name}
			for _, f := range fields {
				post.Fields = append(post.Fields, ui.Hidden(f))
			}
			a.Site.AutoPost(w, r, post)
		},
		ConfirmSignOut: func(w http.ResponseWriter, r *http.Request, ask saml.SignOut) {
			view := signin.SignOut{Form: ui.Form{Action: ask.Action}}
			if ask.Service.ID != "" {
				view.Service = ui.Service{
					Name: ask.Service.Name.In(a.lang(r)), Category: ask.Service.Category, Return: ask.Return, Home: ask.Service.URL,
				}
			}
			for _, f := range ask.Fields {
				view.Fields = append(view.Fields, ui.Hidden(f))
			}
			a.Site.Render(w, r, http.StatusOK, view)
		},
		SignedOut: a.signedOut,
	}
}

func (a *App) signedOut(w http.ResponseWriter, r *http.Request) {
	a.Site.Render(w, r, http.StatusOK, signin.Stop{Ending: signin.SignedOut, Again: ""})
}
