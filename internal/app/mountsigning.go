package app

import (
	"net/http"

	"chave/internal/outside/store"
	"chave/internal/wire/csc"
	"chave/internal/wire/scmd"
)

// mountSigning composes the wires over which services ask for signatures, and what everybody asks about certificates.
func (a *App) mountSigning(mux *http.ServeMux, c Config, m *middle) error {
	soap := &scmd.Provider{
		Issuer: c.Settings.Issuer, Signing: a.Signing, Do: store.In[scmd.Tx](a.DB), View: store.InView[scmd.Tx](a.DB), Fields: a.fieldKeys, Vault: a.Vault,
		Now: a.Now, Rand: a.rand, Log: a.Log, Address: m.address, Count: a.metrics.compatUse,
	}
	if err := soap.Check(); err != nil {
		return err
	}
	soap.Mount(mux)
	remote := &csc.Provider{
		Issuer: c.Settings.Issuer, Login: a.Login, Signing: a.Signing, Do: store.In[csc.Tx](a.DB), View: store.InView[csc.Tx](a.DB), Vault: a.Vault, Jar: a.Jar,
		Pages: csc.Pages{Fail: a.failAtDoor}, Now: a.Now, Rand: a.rand, Log: a.Log, Lang: a.lang, Address: m.address, Count: a.metrics.compatUse,
	}
	if err := remote.Check(); err != nil {
		return err
	}
	remote.Mount(mux)
	return nil
}
