//go:build interop

package interop

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"chave/internal/app"
	"chave/internal/core/service"
	"chave/internal/outside/store"
	"chave/test/drive"
	"chave/test/population"
	"chave/test/rig"
)

// serve runs `chave serve` with registrations of a test's own, because the five of the demonstration are all alike: confidential, with a shared secret.
// It gives the server and a resident who can sign in.
func serve(t *testing.T, services ...service.Settings) (*rig.Rig, population.Resident) {
	t.Helper()
	for i := range services {
		services[i].Name = service.Text{"pt": "Serviço " + services[i].ID, "en": "Service " + services[i].ID}
		services[i].Attributes = []service.Ask{{Name: "full_name", Required: true}}
	}
	r, err := rig.New(t.Context(), rig.Options{Dir: t.TempDir(), Driver: store.SQLite, Binary: program, Services: services})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	options := population.Options{Today: time.Now()}
	who := population.Of(6, options) // somebody with a foreign passport
	err = r.With(t.Context(), func(node *app.App) error { return population.Admit(t.Context(), node, who, options) })
	if err == nil {
		err = r.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return r, who
}

// door answers /inbox as the demonstration's does, out of the phone network of a server's own, so that the same person in another language can read codes.
func door(t *testing.T, sink *drive.Sink) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		code, err := sink.Code(r.Context(), r.FormValue("to"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		_ = json.NewEncoder(w).Encode([]map[string]string{{"code": code}}) // who left hears nothing
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// arrival is walk for a server of the test's own: it gives what the browser would bring to the address.
func arrival(t *testing.T, r *rig.Rig, who population.Resident, with *drive.Browser, from, stop string) url.Values {
	t.Helper()
	w := drive.Walk{Browser: with, Inbox: r.Sink, Person: who.Signer(), Stop: before(stop)}
	start, err := url.Parse(from)
	if err != nil {
		t.Fatal(err)
	}
	back, err := w.From(t.Context(), start)
	if err != nil {
		t.Fatal(err)
	}
	return back.Query()
}
