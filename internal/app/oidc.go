package app

import (
	"errors"
	"net/http"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/random"
	"chave/internal/core/signkey"
	"chave/internal/oauth"
	"chave/internal/outside/store"
	"chave/internal/page/signin"
	"chave/internal/page/ui"
	"chave/internal/wire/oidc"
)

// mountOIDC composes the OpenID Provider with its keys, its pages and the worker that tells services of ended sessions.
func (a *App) mountOIDC(mux *http.ServeMux, c Config) error {
	t := c.Settings.Tokens
	a.keys = &signkey.Service{
		Do: store.In[signkey.Tx](a.DB), View: store.InView[signkey.Tx](a.DB), Keystore: a.Vault, Now: a.Now, Rand: a.rand, Log: a.Log,
		RotateAfter: t.KeyEvery,
	}
	provider := &oidc.Provider{
		Issuer: c.Settings.Issuer, Login: a.Login, Do: store.In[oidc.Tx](a.DB), View: store.InView[oidc.Tx](a.DB), Keys: a.keys, Vault: a.Vault,
		Jar: a.Jar, Pages: a.oidcPages(), Now: a.Now, Rand: a.rand, Log: a.Log,
		Lang:  a.lang,
		Times: oidc.Times{Access: t.Access, RefreshIdle: t.RefreshIdle, RefreshMax: t.RefreshMax},
	}
	a.keys.Wanted = provider.Algorithms
	if err := provider.Check(); err != nil {
		return err
	}
	client := c.HTTP
	if client == nil {
		client = &http.Client{Timeout: 10 * time.Second}
	}
	a.notices = &oidc.Notifier{
		Provider: provider, Do: store.In[oidc.NoticeTx](a.DB), Client: client, Worker: random.ID(a.rand), Every: time.Second,
	}
	provider.Mount(mux)
	return nil
}

func (a *App) oidcPages() oidc.Pages {
	return oidc.Pages{
		Fail: func(w http.ResponseWriter, r *http.Request, err error) { a.failAtDoor(w, r, err) },
		ConfirmSignOut: func(w http.ResponseWriter, r *http.Request, ask oidc.SignOut) {
			view := signin.SignOut{Form: ui.Form{Action: ask.Action}}
			if ask.Service.ID != "" {
				view.Service = ui.Service{
					Name: ask.Service.Name.In(string(a.Site.Lang(r))), Category: ask.Service.Category, Return: ask.Return, Home: ask.Service.URL,
				}
			}
			for _, f := range ask.Fields {
				view.Fields = append(view.Fields, ui.Hidden(f))
			}
			a.Site.Render(w, r, http.StatusOK, view)
		},
		SignedOut: a.signedOut,
		Post: func(w http.ResponseWriter, r *http.Request, action, name string, fields []oauth.Field) {
			post := ui.Post{Action: action, Name: name}
			for _, f := range fields {
				post.Fields = append(post.Fields, ui.Hidden(f))
			}
			a.Site.AutoPost(w, r, post)
		},
	}
}

// failAtDoor shows what is wrong with a service's request to the person it sent: the service is to blame, and the page says so.
func (a *App) failAtDoor(w http.ResponseWriter, r *http.Request, err error) {
	endings := map[fault.Code]signin.Ending{fault.ServiceUnknown: signin.UnknownService, fault.ReturnNotRegistered: signin.BadReturn}
	var f *fault.Error
	if errors.As(err, &f) {
		if ending, ok := endings[f.Code]; ok {
			a.Site.Render(w, r, http.StatusBadRequest, signin.Stop{Ending: ending, Code: string(f.Code)})
			return
		}
	}
	a.Site.Fail(w, r, err)
}
