package faoauth

import (
	"net/http"

	"chave/internal/core/consent"
	"chave/internal/core/fault"
)

// resource is the older reading in one step (§2.3.3), by POST as the desktop program does it or by GET as one framework does. It waits for sources as long as a sign-in
// would, and then does without them.
func (p *Provider) resource(w http.ResponseWriter, r *http.Request) error {
	var (
		body apiBody
		err  error
	)
	if r.Method == http.MethodGet {
		q, ok := readQuery(r.URL.RawQuery)
		if !ok {
			return fault.New(fault.RequestTooLarge)
		}
		body, err = q.api()
	} else {
		body, err = readAPI(w, r)
	}
	if err != nil {
		return err
	}
	h, err := p.shown(w, r, body.Token, "resource")
	if err != nil {
		return err
	}
	list, err := p.oneStep(r, h, body.Names)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, list)
}

func (p *Provider) oneStep(r *http.Request, h held, names []string) ([]told, error) {
	names, err := h.namesOr(names)
	if err != nil {
		return nil, err
	}
	said, err := p.askNow(r.Context(), h, names)
	if err != nil {
		return nil, err
	}
	return h.tell(names, said, func(consent.Source) bool { return false }), nil
}
