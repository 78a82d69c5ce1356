package phone

import (
	"net/http"
	"slices"
	"strings"
)

// Source is a stand-in attribute provider: a body outside Chave that knows something more about people.
type Source struct {
	Source    string `json:"source"`    // "address", "social_security" or "health"
	Behaviour string `json:"behaviour"` // one of Behaviours
}

// Behaviours lists how a source can be made to answer: as it should, after a while, never, or with an error.
func Behaviours() []string { return []string{"ok", "slow", "silent", "failing"} }

func (s *Server) sources(w http.ResponseWriter, r *http.Request) error {
	list, err := s.cfg.Sources(r.Context())
	if err != nil {
		return err
	}
	if list == nil {
		list = []Source{}
	}
	answer(w, http.StatusOK, list)
	return nil
}

// setSource changes one provider's manners, so that a test sees what its service does with a slow or silent one.
func (s *Server) setSource(w http.ResponseWriter, r *http.Request) error {
	asked, err := fields(r, "source", "behaviour")
	if err != nil {
		return err
	}
	list, err := s.cfg.Sources(r.Context())
	if err != nil {
		return err
	}
	name, behaviour := asked["source"], asked["behaviour"]
	if !slices.ContainsFunc(list, func(one Source) bool { return one.Source == name }) {
		return refusal{http.StatusBadRequest, "unknown_source", "GET /sources lists the sources"}
	}
	if !slices.Contains(Behaviours(), behaviour) {
		return refusal{http.StatusBadRequest, "unknown_behaviour", `"behaviour" is one of ` + strings.Join(Behaviours(), ", ")}
	}
	if err := s.cfg.SetSource(r.Context(), name, behaviour); err != nil {
		return err
	}
	return s.done(w, r, Source{name, behaviour})
}
