package faoauth

import (
	"net/http"

	"chave/internal/core/consent"
	"chave/internal/core/fault"
	"chave/internal/core/service"
)

// Error codes of the door (§2.2). There are no others: clients know these.
const (
	invalidRequest       = "invalid_request"
	unauthorizedClient   = "unauthorized_client"
	unsupportedGrantType = "unsupported_grant_type"
	cancelled            = "cancelled"
)

// request is one authorization request that was understood, kept in the sign-in until its end.
type request struct {
	Client string        `json:"client"` // client_id
	To     string        `json:"to"`     // where the result goes, checked
	State  string        `json:"state"`
	Names  []string      `json:"names"` // of attributes, as written, in order
	Level  service.Level `json:"level"`

	asks      []consent.Ask
	withState bool
}

// readRequest understands a query for a service that is known, and says in the door's words what is wrong with it. To and State are filled in any case: an error goes there
// too. An address that is not acceptable leaves To at our own page.
func (p *Provider) readRequest(r *http.Request, q query, s service.Service) (request, *refusal) {
	req := request{Client: s.OAuth.ClientID, To: landing}
	var once bool
	if req.State, once = q.one("state"); !once || len(req.State) > maxState {
		req.State = ""
		return req, refuse(invalidRequest, fault.RequestMalformed)
	}
	to, once := q.one("redirect_uri")
	switch {
	case !once:
		return req, refuse(invalidRequest, fault.RequestMalformed)
	case to != "" && !p.mayGoTo(s, to):
		return req, refuse(invalidRequest, fault.ReturnNotRegistered)
	case to != "":
		req.To = to
	}
	if !s.Allows(service.ImplicitToken, p.Now()) {
		return req, refuse(unauthorizedClient, fault.DoorClosed)
	}
	req.withState = req.State != ""
	if !req.withState && !s.Allows(service.NoState, p.Now()) { // B4: nothing else ties the answer to the browser that asked
		return req, refuse(invalidRequest, fault.DoorClosed)
	}
	kind, once := q.one("response_type")
	switch {
	case !once || kind == "":
		return req, refuse(invalidRequest, fault.RequestMalformed)
	case kind != "token":
		return req, refuse(unsupportedGrantType, fault.FeatureUnsupported)
	}
	var ok bool
	if req.Level, ok = levelOf(q); !ok {
		return req, refuse(invalidRequest, fault.RequestMalformed)
	}
	if _, once := q.one("scope"); !once {
		return req, refuse(invalidRequest, fault.RequestMalformed)
	}
	all, err := readNames(q.words("scope", ""))
	if err == nil {
		req.Names = asWritten(all)
		req.asks, err = mayAsk(s, all)
	}
	if err != nil {
		return req, refuse(invalidRequest, fault.Of(err).Code)
	}
	// No code of the door says that nobody can be let in; the SAML door answers this and a cancellation with the same status.
	if readTabs(q, req.Level).leavesNobody(max(req.Level, s.MinLevel)) {
		return req, refuse(cancelled, fault.LevelTooLow)
	}
	return req, nil
}

// levelOf is authentication_level, 3 when it is missing (§2.1).
func levelOf(q query) (service.Level, bool) {
	text, once := q.one("authentication_level")
	switch {
	case !once:
		return 0, false
	case text == "":
		return service.LevelPhone, true
	case len(text) == 1 && text[0] >= '1' && text[0] <= '4':
		return service.Level(text[0] - '0'), true
	}
	return 0, false
}

// refusal is a "no" to a service: the protocol's word for it and our stable code, for the log.
type refusal struct {
	word string
	code fault.Code
}

func refuse(word string, code fault.Code) *refusal { return &refusal{word, code} }
