package fasaml

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"chave/internal/core/fault"
	"chave/internal/core/service"
	"chave/internal/format/saml"
	"chave/internal/format/xmldsig"
)

// readLogout checks a LogoutRequest (§1.8.1). Whom its NameID names counts for nothing: it is the same constant for everybody, or empty; the session that ends is that of the
// browser which brings the request.
func (p *Provider) readLogout(b believed) (m saml.Message, q request, timely bool, err error) {
	l, malformed := saml.ParseLogoutRequest(b.root)
	m, q.Logout = l.Message, true
	q.To = xmldsig.Text(xmldsig.Child(l.Extensions, nsLogout, "LogoutUrl"))
	if q.To == "" {
		q.To = b.service.SAML.Logout
	}
	if !mayAnswerLogout(b.service, q.To) {
		return m, q, false, here(http.StatusForbidden, fault.ReturnNotRegistered, nil)
	}
	if err := p.timely(m, malformed); err != nil {
		return m, q, false, err
	}
	if l.NameID == nil {
		return m, q, true, fault.New(fault.MessageUnexpected).Because(errors.New("no NameID"))
	}
	if !l.NotOnOrAfter.IsZero() && !p.Now().Before(l.NotOnOrAfter) {
		return m, q, true, fault.New(fault.MessageStale).Because(errors.New("NotOnOrAfter"))
	}
	return m, q, true, nil
}

// mayAnswerLogout tells whether an answer may go there: to the registered address (the static method), or to any https address under the registered domain (the dynamic
// method, question 5.34). The suffix rule begins at a dot, so that evil-service.example is not under service.example.
func mayAnswerLogout(s service.Service, to string) bool {
	if to == "" {
		return false
	}
	if to == s.SAML.Logout {
		return true
	}
	domain := strings.ToLower(s.SAML.LogoutDomain)
	u, err := url.Parse(to)
	if domain == "" || err != nil || u.Scheme != "https" || u.User != nil || u.Fragment != "" || len(to) > 2048 {
		return false
	}
	host := strings.ToLower(u.Hostname())
	return host == domain || strings.HasSuffix(host, "."+domain)
}

// endSession ends the compat session of this browser, tells no other service (§1.8.2), and says so, also when there was none.
func (p *Provider) endSession(w http.ResponseWriter, r *http.Request, s service.Service, q request) error {
	if err := p.Login.SignOut(r.Context(), p.Jar.Session(r)); err != nil {
		return p.refuse(w, r, s, q, err)
	}
	p.Jar.ClearSession(w)
	signed, err := p.sign(r.Context(), s, p.headOf(q).loggedOut())
	if err != nil {
		return p.refuse(w, r, s, q, err)
	}
	p.post(w, r, s, q, signed)
	return nil
}
