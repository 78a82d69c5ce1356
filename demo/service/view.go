package service

import (
	"net/http"
	"strings"
	"time"

	"chave/demo/page"
)

// view is what every page of this service gets.
type view struct {
	texts page.Texts

	Lang, Other string
	Name        string
	Description string
	Category    string
	Home        string
	Purpose     string
	Retention   string
	Title       string // of the page, before the service's name

	Asks     []askView
	MinLevel int
	Narrow   bool // the registration shuts out everybody without a Portuguese card

	Way   string // how the main button signs in; one of the ways
	Enter string // where that button leads

	Outcome string // why there is a notice, "" for none
	Still   bool   // signed out here, and only here
	Ended   bool   // Chave ended the session

	Contract      string // how it stands with the contract; "" where there is none
	ContractLevel string
	Check         string // where anybody has a signature checked

	In       *learned
	SignedIn string // time of authentication, readable
}

type askView struct {
	Attribute string
	Required  bool
	Reason    string
}

// T is the sentence for a key in the page's language.
func (v view) T(key string, args ...any) (string, error) { return v.texts.Say(v.Lang, key, args...) }

// Attribute is the plain name of an attribute.
func (v view) Attribute(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	return v.texts.Say(v.Lang, "attribute."+name)
}

// Means explains one amr value (RFC 8176); an unknown one is shown as it is.
func (v view) Means(amr string) (string, error) {
	if !v.texts.Has("amr." + amr) {
		return amr, nil
	}
	return v.texts.Say(v.Lang, "amr."+amr)
}

// Own is a sentence that differs from institution to institution.
func (v view) Own(key string) (string, error) { return v.texts.Say(v.Lang, v.Category+"."+key) }

// Why is the reason for a fact, in the page's language.
func (v view) Why(f fact) string { return f.Reason[v.Lang] }

func (s *Service) lang(w http.ResponseWriter, r *http.Request) string {
	return page.Lang(w, r, s.cookie+"lang")
}

func (s *Service) view(w http.ResponseWriter, r *http.Request) view {
	lang, reg := s.lang(w, r), s.cfg.Registration
	v := view{
		texts: s.texts, Lang: lang, Other: page.Other(lang), Name: reg.Name.In(lang), Description: reg.Description.In(lang),
		Category: reg.Category, Home: s.cfg.Home, Purpose: reg.Purpose.In(lang), Retention: reg.Retention.In(lang), MinLevel: reg.MinLevel,
	}
	v.Way, v.Enter = s.way, enter[s.way]
	for _, a := range s.asks {
		v.Asks = append(v.Asks, askView{Attribute: a.Name, Required: a.Required, Reason: a.Reason.In(lang)})
		v.Narrow = v.Narrow || a.Required && a.Name == "nic"
	}
	return v
}

// front is the institution's page: with somebody signed in, what it learned; else the button.
func (s *Service) front(w http.ResponseWriter, r *http.Request) error {
	v := s.view(w, r)
	if outcome := r.URL.Query().Get("outcome"); outcome != "" {
		if v.Outcome = outcome; !s.texts.Has("outcome." + outcome + ".title") {
			v.Outcome = outcomeOther
		}
	}
	found, ok := s.memory.session(s.sessionID(r))
	switch {
	case ok && found.ended:
		v.Ended = true
		s.memory.close(s.sessionID(r))
		s.setCookie(w, "session", "", -1)
	case ok:
		found = s.further(r, found)
		v.In = &found.learned
		v.SignedIn = moment(found.learned.AuthTime, v.Lang)
		s.contractView(&v, r)
		return page.Render(w, http.StatusOK, s.pages, "inside.html", v)
	}
	return page.Render(w, http.StatusOK, s.pages, "front.html", v)
}

func (s *Service) signedOut(w http.ResponseWriter, r *http.Request) error {
	v := s.view(w, r)
	v.Still = r.URL.Query().Has("still")
	return page.Render(w, http.StatusOK, s.pages, "signed-out.html", v)
}

func (s *Service) lost(w http.ResponseWriter, r *http.Request) error {
	return page.Render(w, http.StatusNotFound, s.pages, "lost.html", s.view(w, r))
}

// moment is a time as people here read it. The zone is Lisbon's where the machine knows it.
func moment(t time.Time, lang string) string {
	if t.IsZero() {
		return ""
	}
	if lisbon, err := time.LoadLocation("Europe/Lisbon"); err == nil {
		t = t.In(lisbon)
	}
	if lang == "pt" {
		return t.Format("02/01/2006, 15:04:05")
	}
	return t.Format("2 January 2006, 15:04:05")
}

// JoinMeans lists the means of a sign-in.
func (v view) JoinMeans(amr []string) (string, error) {
	words := make([]string, 0, len(amr))
	for _, m := range amr {
		word, err := v.Means(m)
		if err != nil {
			return "", err
		}
		words = append(words, word)
	}
	return strings.Join(words, ", "), nil
}
