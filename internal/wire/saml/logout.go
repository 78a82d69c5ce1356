package saml

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/service"
	format "chave/internal/format/saml"
)

// leaving is a checked request to end a session (SAML profiles §4.4).
type leaving struct {
	Service string   `json:"service"`
	ID      string   `json:"id"` // of the request
	Relay   relay    `json:"relay"`
	Name    string   `json:"name"`
	Indexes []string `json:"indexes,omitempty"`

	// In a confirmation: digest of the session cookie that was asked, and until when the answer counts.
	Browser []byte `json:"browser,omitempty"`
	Until   int64  `json:"until,omitempty"` // Unix seconds
}

const (
	labelSignOut = "saml/sign-out"
	confirmFor   = 10 * time.Minute // how long the page may wait for its answer
	maxIndexes   = 64
)

// slo takes a LogoutRequest, the answer to one of ours, or the person's yes to signing out.
func (p *Provider) slo(w http.ResponseWriter, r *http.Request) error {
	if r.Method == http.MethodPost && r.URL.RawQuery == "confirm" {
		return p.confirmed(w, r)
	}
	in, err := receive(w, r)
	if err != nil {
		return err
	}
	if in.response {
		return p.answered(w, r, in)
	}
	return p.asked(w, r, in)
}

// asked checks a LogoutRequest. It must be signed, whatever the registration says of other requests: otherwise anybody's link could sign people out.
func (p *Provider) asked(w http.ResponseWriter, r *http.Request, in inbound) error {
	claimed, malformed := format.ParseLogoutRequest(in.root)
	if claimed.ID == "" || claimed.Issuer == "" {
		return unreadable(malformed)
	}
	s, err := p.sender(r, claimed.Issuer, claimed.IssuerFormat)
	if err != nil {
		return err
	}
	root, err := p.believe(in, s, false)
	if err != nil {
		return err
	}
	m, malformed := format.ParseLogoutRequest(root)
	if m.ID == "" || m.Issuer != s.SAML.Issuer {
		return fault.New(fault.SignatureInvalid)
	}
	out := leaving{Service: s.ID, ID: m.ID, Relay: in.relay, Indexes: m.SessionIndexes}
	if len(out.Relay) > maxRelay {
		out.Relay = nil
	}
	if err := p.checkLogout(m, malformed, in.relay); err != nil {
		return p.leftWith(w, r, s, out, refusalOf(err), err)
	}
	out.Name = m.NameID.Value
	if r.Method == http.MethodPost {
		err = p.backAsGet(w, r, kindSLO, "leave", m.Message, out)
	} else if err = p.Do(r.Context(), func(tx Tx) error { return p.once(tx, m.Message) }); err == nil {
		return p.leave(w, r, out)
	}
	if err != nil {
		return p.leftWith(w, r, s, out, refusalOf(err), err)
	}
	return nil
}

func (p *Provider) checkLogout(m format.LogoutRequest, malformed error, state relay) error {
	if err := p.fresh(m.Message, PathSLO, true); err != nil {
		return err
	}
	switch {
	case malformed != nil || len(m.SessionIndexes) > maxIndexes:
		return requester(format.StatusRequestDenied, fault.MessageUnexpected, "the request is not one of SAML 2.0")
	case len(state) > maxRelay:
		return requester(format.StatusRequestDenied, fault.RequestTooLarge, "RelayState is longer than 1000 bytes")
	case !m.NotOnOrAfter.IsZero() && !p.Now().Before(m.NotOnOrAfter.Add(p.window())):
		return requester(format.StatusRequestDenied, fault.MessageStale, "NotOnOrAfter is past")
	case m.NameID == nil:
		return requester(format.StatusRequestUnsupported, fault.FeatureUnsupported, "the person must be named by NameID")
	}
	return nil
}

// leave ends the session if the request names it, asks when it names another than this browser's, and has nothing to do when nobody is signed in. It must run on
// our own site, where the browser sends its cookies.
func (p *Provider) leave(w http.ResponseWriter, r *http.Request, out leaving) error {
	s, err := p.serviceOf(r, out.Service)
	if err != nil {
		return err
	}
	cookie := p.Jar.Session(r)
	session, person, err := p.Login.SessionOf(r.Context(), cookie)
	if fault.Is(err, fault.SessionNeeded) {
		return p.left(w, r, s, out)
	}
	if err != nil {
		return err
	}
	named, err := p.named(s, out.Name, session, person.ID)
	if err != nil {
		return err
	}
	index, err := p.index(s, session.ID)
	if err != nil {
		return err
	}
	if named && (len(out.Indexes) == 0 || slices.Contains(out.Indexes, index)) {
		return p.end(w, r, s, out, session)
	}
	// The service's own session is of another day or person. It may not end this one unasked, nor may the person be let believe that it ended.
	out.Browser, out.Until = login.Digest(cookie), p.Now().Add(confirmFor).Unix()
	sealed, err := p.seal(out)
	if err != nil {
		return err
	}
	p.Pages.ConfirmSignOut(w, r, SignOut{Action: PathSLO + "?confirm", Fields: []Field{{"confirm", sealed}}, Service: s})
	return nil
}

// confirmed is the person's yes. The sealed field is bound to the session it was made for, so that no other site can post it.
func (p *Provider) confirmed(w http.ResponseWriter, r *http.Request) error {
	form, err := readForm(w, r)
	if err != nil {
		return err
	}
	out, ok := p.unseal(form.Get("confirm"))
	if !ok {
		return fault.New(fault.RequestMalformed).On("confirm")
	}
	cookie := p.Jar.Session(r)
	if cookie == "" { // signed out in another tab, or another site's form: nothing to end, and nobody to answer for
		p.Pages.SignedOut(w, r)
		return nil
	}
	if subtle.ConstantTimeCompare(out.Browser, login.Digest(cookie)) != 1 || !p.Now().Before(time.Unix(out.Until, 0)) {
		return fault.New(fault.LoginExpired)
	}
	s, err := p.serviceOf(r, out.Service)
	if err != nil {
		return err
	}
	session, _, err := p.Login.SessionOf(r.Context(), cookie)
	if fault.Is(err, fault.SessionNeeded) {
		return p.left(w, r, s, out)
	}
	if err != nil {
		return err
	}
	return p.end(w, r, s, out, session)
}

// end ends the session here, first of all, and then sends the browser round the services that it opened.
func (p *Provider) end(w http.ResponseWriter, r *http.Request, s service.Service, out leaving, session login.Session) error {
	rest, err := p.participants(r.Context(), session, s.ID)
	if err != nil {
		return err
	}
	if err := p.Login.SignOut(r.Context(), p.Jar.Session(r)); err != nil {
		return err
	}
	p.Jar.ClearSession(w)
	if len(rest) == 0 && r.Method == http.MethodGet {
		return p.left(w, r, s, out)
	}
	handle, err := p.advance(r.Context(), round{For: out, Rest: rest, Until: p.Now().Add(roundFor).Unix()})
	if err != nil {
		return err
	}
	if r.Method == http.MethodGet {
		http.Redirect(w, r, PathBegin+"?next="+handle, http.StatusSeeOther)
		return nil
	}
	// What follows a form may lead only where the form's page allows it, through every redirect; a page that moves on by itself is a new beginning.
	p.movesOn(w, r, handle)
	return nil
}

// left answers a request with success: the session it names is not, or no longer, this browser's.
func (p *Provider) left(w http.ResponseWriter, r *http.Request, s service.Service, out leaving) error {
	return p.leftWith(w, r, s, out, &refusal{top: format.StatusSuccess}, nil)
}

// leftWith sends the browser back to the service that asked. A service without an address for it gets no answer: the person stays on a page of ours.
func (p *Provider) leftWith(w http.ResponseWriter, r *http.Request, s service.Service, out leaving, e *refusal, cause error) error {
	to := logoutAnswers(s)
	if to == "" && cause != nil {
		return cause
	}
	if cause != nil {
		p.logRefusal(r, s.ID, e.fault, cause)
	}
	if to == "" {
		p.Pages.SignedOut(w, r)
		return nil
	}
	says := ""
	if cause != nil {
		says = e.message()
	}
	var b written
	p.head(&b, "LogoutResponse", to, out.ID)
	b.status(e.top, e.second, says)
	b.put(`</samlp:LogoutResponse>`)
	return p.send(w, r, s, to, "SAMLResponse", b.String(), out.Relay)
}

// send takes the binding that the service is registered for.
func (p *Provider) send(w http.ResponseWriter, r *http.Request, s service.Service, to, field, doc string, state relay) error {
	if s.SAML.LogoutBinding == "redirect" {
		return p.redirect(w, r, to, field, doc, state)
	}
	signer, err := p.signer(r.Context())
	if err != nil {
		return err
	}
	signed, err := sign(signer, doc)
	if err != nil {
		return err
	}
	p.post(w, r, s, to, field, signed, state)
	return nil
}

// logoutAnswers is where a service takes answers; its metadata may say that this is another address than that for requests (SAML metadata §2.2.2).
func logoutAnswers(s service.Service) string {
	if s.SAML == nil || s.SAML.Metadata == "" || s.SAML.Logout == "" {
		return logoutRequests(s)
	}
	entity, err := format.ParseEntity([]byte(s.SAML.Metadata))
	if err != nil {
		return s.SAML.Logout
	}
	for _, e := range entity.Logout {
		if e.Location == s.SAML.Logout && e.ResponseLocation != "" && bindingName(e.Binding) == s.SAML.LogoutBinding {
			return e.ResponseLocation
		}
	}
	return s.SAML.Logout
}

func logoutRequests(s service.Service) string {
	if s.Closed || s.SAML == nil || s.SAML.Wire != service.WireSAML {
		return ""
	}
	return s.SAML.Logout
}

func bindingName(uri string) string {
	if uri == format.BindingRedirect {
		return "redirect"
	}
	return "post"
}

func (p *Provider) serviceOf(r *http.Request, id string) (service.Service, error) {
	var s service.Service
	err := p.View(r.Context(), func(tx Tx) (err error) {
		s, err = tx.Service(id)
		return err
	})
	if err == nil && (s.Closed || s.SAML == nil || s.SAML.Wire != service.WireSAML) {
		err = fault.New(fault.ServiceUnknown)
	}
	return s, err
}

// seal and unseal keep what a page of ours carries through the browser: unreadable, unchangeable, and of this installation.
func (p *Provider) seal(out leaving) (string, error) {
	plain, err := json.Marshal(out)
	if err != nil {
		return "", err
	}
	sealed, err := p.Vault.Seal(labelSignOut, []byte(p.Issuer), plain)
	return base64.RawURLEncoding.EncodeToString(sealed), err
}

func (p *Provider) unseal(text string) (out leaving, ok bool) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || text == "" {
		return out, false
	}
	plain, err := p.Vault.Open(labelSignOut, []byte(p.Issuer), sealed)
	return out, err == nil && json.Unmarshal(plain, &out) == nil
}
