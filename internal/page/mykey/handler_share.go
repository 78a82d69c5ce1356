package mykey

import (
	"net/http"
	"net/url"
	"slices"

	"chave/internal/core/consent"
	"chave/internal/core/fault"
	"chave/internal/page/door"
	"chave/internal/page/ui"
)

func (h *Handler) consents(w http.ResponseWriter, r *http.Request, who door.Inside) error {
	standing, err := h.Login.Consents(r.Context(), who.Person.ID)
	if err != nil {
		return err
	}
	known, err := h.names(r)
	if err != nil {
		return err
	}
	v := Consents{Own: h.own(who), Action: "/key/consents"}
	if id := r.URL.Query().Get("withdrew"); id != "" {
		if one, ok := known[id]; ok { // only a real service's own name is ever repeated
			v.Withdrew = one.Name.In(string(h.Site.Lang(r)))
		}
	}
	for _, one := range standing {
		line := Consent{Service: one.Service, At: one.At, Shared: texts(one.Shared), Refused: texts(one.Refused)}
		line.Name, line.Category = h.name(r, known, one.Service)
		v.Consents = append(v.Consents, line)
	}
	h.Site.Render(w, r, http.StatusOK, v)
	return nil
}

// withdraw ends one agreement. Doing it twice changes nothing.
func (h *Handler) withdraw(w http.ResponseWriter, r *http.Request, who door.Inside) error {
	form, err := ui.Fields(w, r)
	if err != nil {
		return err
	}
	id := form.Get("service")
	if id == "" {
		return fault.New(fault.RequestMalformed).On("service")
	}
	if err := h.Login.Withdraw(r.Context(), who.Person.ID, id); err != nil {
		return err
	}
	http.Redirect(w, r, "/key/consents?"+url.Values{"withdrew": {id}}.Encode(), http.StatusSeeOther)
	return nil
}

func texts(all []consent.Name) []string {
	var out []string
	for _, one := range all {
		out = append(out, string(one))
	}
	return out
}

func (h *Handler) sessions(w http.ResponseWriter, r *http.Request, who door.Inside) error {
	living, err := h.Login.Sessions(r.Context(), who.Person.ID)
	if err != nil {
		return err
	}
	known, err := h.names(r)
	if err != nil {
		return err
	}
	v := Sessions{Own: h.own(who), Action: "/key/sessions"}
	for _, one := range living {
		line := Session{ID: one.ID, Since: one.StartedAt, SignedIn: one.AuthAt, Ends: one.ExpiresAt, Here: one.ID == who.Session.ID}
		for id := range one.Shared {
			name, _ := h.name(r, known, id)
			line.Services = append(line.Services, name)
		}
		slices.Sort(line.Services)
		v.Sessions = append(v.Sessions, line)
	}
	h.Site.Render(w, r, http.StatusOK, v)
	return nil
}

// endSession ends one of the holder's sessions. One that has ended meanwhile is as good as ended now.
func (h *Handler) endSession(w http.ResponseWriter, r *http.Request, who door.Inside) error {
	form, err := ui.Fields(w, r)
	if err != nil {
		return err
	}
	id := form.Get("session")
	if err = h.Login.EndSession(r.Context(), who.Person.ID, id); err != nil && !fault.Is(err, fault.RowNotFound) {
		return err
	}
	if id == who.Session.ID {
		h.Door.Jar.ClearSession(w)
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
	http.Redirect(w, r, "/key/sessions", http.StatusSeeOther)
	return nil
}
