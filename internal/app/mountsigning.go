package app

import (
	"context"
	"net/http"
	"time"

	"chave/internal/core/draft"
	"chave/internal/core/service"
	"chave/internal/format/ades"
	"chave/internal/outside/store"
	"chave/internal/page/check"
	"chave/internal/page/door"
	"chave/internal/page/sign"
	"chave/internal/wire/csc"
	wirepki "chave/internal/wire/pki"
	"chave/internal/wire/scmd"
)

// mountSigning composes the wires over which services ask for signatures, and what everybody asks about certificates.
func (a *App) mountSigning(mux *http.ServeMux, c Config, m *middle) error {
	soap := &scmd.Provider{
		Issuer: c.Settings.Issuer, Signing: a.Signing, Do: store.In[scmd.Tx](a.DB), View: store.InView[scmd.Tx](a.DB), Fields: a.fieldKeys, Vault: a.Vault,
		Now: a.Now, Rand: a.rand, Log: a.Log, Address: m.address, Count: a.metrics.compatUse,
		Rules: scmd.Rules{BatchTrust: c.Settings.Signing.BatchTrust},
	}
	if err := soap.Check(); err != nil {
		return err
	}
	soap.Mount(mux)
	remote := &csc.Provider{
		Issuer: c.Settings.Issuer, Login: a.Login, Signing: a.Signing, Do: store.In[csc.Tx](a.DB), View: store.InView[csc.Tx](a.DB), Vault: a.Vault, Jar: a.Jar,
		Pages: csc.Pages{Fail: a.failAtDoor}, Now: a.Now, Rand: a.rand, Log: a.Log, Lang: a.lang, Address: m.address, Count: a.metrics.compatUse,
		Timestamp: a.PKI.Token, Documents: csc.AdES{Helpers: a.helpers(), Now: a.Now, Log: a.Log},
	}
	if err := remote.Check(); err != nil {
		return err
	}
	remote.Mount(mux)
	(&wirepki.Provider{Authority: a.PKI, Log: a.Log}).Mount(mux)
	a.mountPapers(mux, c, m, remote)
	return nil
}

// helpers are what lasting signatures need of our own authorities: asked within the process, so that no address has to be reached.
func (a *App) helpers() ades.Helpers {
	return ades.Helpers{Timestamp: a.PKI.Timestamp, OCSP: a.PKI.Status, CRL: a.PKI.List}
}

// memoryForDocuments is how many bytes of documents one process holds whole at a time, twice: for people who sign and for strangers who check. Working on them takes several times that.
const memoryForDocuments = 96 << 20

// mountPapers serves the pages where people sign and check documents.
func (a *App) mountPapers(mux *http.ServeMux, c Config, m *middle, remote *csc.Provider) {
	helpers := a.helpers()
	drafts := &draft.Service{Do: store.In[draft.Tx](a.DB), View: store.InView[draft.Tx](a.DB), Rules: draft.Rules{}.Defaults(), Now: a.Now, Rand: a.rand}
	(&sign.Handler{
		Site: a.Site, Signing: a.Signing, Drafts: drafts, Papers: sign.PAdES{Helpers: helpers}, Memory: draft.NewMemory(memoryForDocuments), Handover: remote,
		Now: a.Now, Zone: a.Zone, Level: string(ades.BLT), Address: m.source, Test: true,
		Door: &door.Door{
			Login: a.Login, Jar: a.Jar, Rand: a.rand, Now: a.Now, Service: signArea(), MinLevel: service.LevelPhone, Fresh: time.Hour,
			Path: "/sign/enter/", Home: "/sign", Lang: a.lang,
		},
		Failed: func(r *http.Request, err error) {
			a.Log.WarnContext(r.Context(), "a document could not be brought to its level", "err", err)
		},
	}).Mount(mux)
	(&check.Handler{
		Site: a.Site, Memory: draft.NewMemory(memoryForDocuments), Now: a.Now, Test: true,
		Validate: func(ctx context.Context, file, original []byte) (ades.Report, error) {
			roots, err := a.PKI.Roots(ctx)
			if err != nil {
				return ades.Report{}, err
			}
			return ades.Validate(ctx, file, ades.Validation{Roots: roots, At: a.Now(), Helpers: helpers, Detached: original})
		},
	}).Mount(mux)
}
