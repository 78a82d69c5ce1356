package saml

import (
	"slices"
	"strconv"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/service"
	format "chave/internal/format/saml"
)

// reply is where an answer goes: only an address that the service registered.
type reply struct {
	Service string `json:"service"`
	ID      string `json:"id"` // of the request, for InResponseTo
	ACS     string `json:"acs"`
	Relay   relay  `json:"relay"`
}

// request is a checked request for a sign-in. Its JSON form is the payload of a login transaction, and of a request that waits for its browser.
type request struct {
	reply
	Level   service.Level `json:"level"`
	Classes classes       `json:"classes"`
	NameID  string        `json:"name_id"`           // format
	Subject string        `json:"subject,omitempty"` // who must sign in
	Force   bool          `json:"force,omitempty"`
	Passive bool          `json:"passive,omitempty"`
}

// consumer finds the address that the answer goes to (SAML core §3.4.1, SAML profiles §4.1.4.1). An error stays on a page of ours.
func consumer(s service.Service, m format.AuthnRequest) (string, error) {
	byURL, byIndex := m.AssertionConsumerServiceURL != "", m.AssertionConsumerServiceIndex != nil
	unknown := fault.New(fault.ReturnNotRegistered)
	switch {
	case byURL && byIndex:
		return "", fault.New(fault.MessageUnexpected)
	case byURL:
		if !slices.Contains(s.SAML.ACS, m.AssertionConsumerServiceURL) {
			return "", unknown
		}
		return m.AssertionConsumerServiceURL, nil
	case byIndex:
		index, err := strconv.ParseUint(*m.AssertionConsumerServiceIndex, 10, 16)
		if err != nil {
			return "", fault.New(fault.MessageUnexpected)
		}
		address := indexed(s, int(index))
		if !slices.Contains(s.SAML.ACS, address) {
			return "", unknown
		}
		return address, nil
	case len(s.SAML.ACS) == 0:
		return "", unknown
	}
	return s.SAML.ACS[0], nil // the default of the metadata, or what the operator wrote first
}

// indexed is the consumer that the service's metadata gives a number; without metadata, the address at that place of the registration, from 0.
func indexed(s service.Service, index int) string {
	if s.SAML.Metadata == "" {
		if index < len(s.SAML.ACS) {
			return s.SAML.ACS[index]
		}
		return ""
	}
	entity, err := format.ParseEntity([]byte(s.SAML.Metadata))
	if err != nil {
		return ""
	}
	for _, c := range entity.Consumers {
		if c.Index == index && c.Binding == format.BindingPOST {
			return c.Location
		}
	}
	return ""
}

// check judges everything that there is an address to answer to about. The message is the service's; what is wrong with it is told to the service.
func (p *Provider) check(s service.Service, m format.AuthnRequest, malformed error, state relay) (request, error) {
	q := request{Force: m.ForceAuthn, Passive: m.IsPassive}
	if err := p.fresh(m.Message, PathSSO, !s.SAML.UnsignedRequests); err != nil {
		return q, err
	}
	switch {
	case malformed != nil:
		return q, requester(format.StatusRequestDenied, fault.MessageUnexpected, "the request is not one of SAML 2.0")
	case len(state) > maxRelay:
		return q, requester(format.StatusRequestDenied, fault.RequestTooLarge, "RelayState is longer than 1000 bytes")
	case m.ProtocolBinding != "" && m.ProtocolBinding != format.BindingPOST:
		return q, requester(format.StatusUnsupportedBinding, fault.FeatureUnsupported, "answers go by HTTP-POST only")
	case m.OtherSubject:
		return q, requester(format.StatusRequestUnsupported, fault.FeatureUnsupported, "a Subject must be named by NameID")
	}
	if m.Subject != nil {
		q.Subject = m.Subject.Value
	}
	var ok bool
	if q.NameID, ok = nameFormat(s, m.NameIDPolicy); !ok {
		return q, requester(format.StatusInvalidNameIDPolicy, fault.FeatureUnsupported, "no such name: persistent and transient ones are given here, as registered")
	}
	q.Classes = askedClasses(m.RequestedAuthnContext)
	if q.Level, ok = q.Classes.level(s.MinLevel); !ok {
		return q, requester(format.StatusNoAuthnContext, fault.LevelTooLow, "nobody can reach the authentication context asked for")
	}
	return q, nil
}

// fresh holds what every request must: version, time and destination. A signed request must name its destination, or it could be taken from another provider and
// brought here (SAML bindings §3.4.5.2, §3.5.5.2).
func (p *Provider) fresh(m format.Message, path string, signed bool) error {
	now := p.Now()
	if m.Version != "2.0" {
		return &refusal{format.StatusVersionMismatch, "", fault.MessageUnexpected, "only SAML 2.0 is spoken here"}
	}
	if m.IssueInstant.Before(now.Add(-p.window())) || m.IssueInstant.After(now.Add(p.window())) {
		return requester(format.StatusRequestDenied, fault.MessageStale, "IssueInstant is too far from our clock")
	}
	if m.Destination != p.Issuer+path && (signed || m.Destination != "") {
		return requester(format.StatusRequestDenied, fault.DestinationWrong, "Destination is not this address")
	}
	return nil
}

// seenUntil is how long a message's id is remembered: past it, the instant alone refuses a copy.
func (p *Provider) seenUntil(m format.Message) time.Time {
	return m.IssueInstant.Add(2*p.window() + time.Minute)
}
