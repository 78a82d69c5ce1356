package saml

import (
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/beevik/etree"

	"chave/internal/core/fault"
	"chave/internal/core/service"
	format "chave/internal/format/saml"
	"chave/internal/format/xmldsig"
)

const (
	maxQuery   = 32 << 10 // bytes of a message in an address
	maxBody    = 160 << 10
	maxMessage = 96 << 10 // bytes of XML; real ones have two to six thousand
	maxRelay   = 1000     // bytes; the standard's 80 are too few for what services send
)

// relay is RelayState: echoed byte for byte, whatever the bytes; nil when none came.
type relay []byte

// inbound is a message as it arrived: read, and not yet believed.
type inbound struct {
	query    string // as sent, for the signature of the Redirect binding; empty for POST
	response bool
	relay    relay
	signed   bool // the query has a signature
	root     *etree.Element
}

// receive undoes the binding (SAML bindings §3.4, §3.5). An error leaves nobody to tell.
func receive(w http.ResponseWriter, r *http.Request) (inbound, error) {
	var (
		in  inbound
		doc []byte
		err error
	)
	if r.Method == http.MethodPost {
		doc, err = in.readPOST(w, r)
	} else {
		doc, err = in.readRedirect(r)
	}
	if err != nil {
		return in, err
	}
	if in.root, err = xmldsig.Parse(doc, limits()); err != nil {
		return in, unreadable(err)
	}
	return in, nil
}

// limits are those of messages that ask for nothing but a sign-in or its end.
func limits() xmldsig.Limits {
	return xmldsig.Limits{Bytes: maxMessage, Depth: 24, Elements: 1024, Attributes: 32}
}

func (in *inbound) readRedirect(r *http.Request) ([]byte, error) {
	if len(r.URL.RawQuery) > maxQuery {
		return nil, fault.New(fault.RequestTooLarge)
	}
	q, err := format.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, unreadable(err)
	}
	in.query, in.response, in.signed = r.URL.RawQuery, q.Response, q.Signed
	if q.HasRelayState {
		in.relay = relay(q.RelayState)
	}
	doc, err := format.DecodeRedirect(q.Message, maxMessage)
	return doc, unreadable(err)
}

func (in *inbound) readPOST(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	form, err := readForm(w, r)
	if err != nil {
		return nil, err
	}
	asks, answers := form["SAMLRequest"], form["SAMLResponse"]
	if len(asks)+len(answers) != 1 || len(form["RelayState"]) > 1 {
		return nil, fault.New(fault.MessageUnexpected)
	}
	in.response = len(answers) == 1
	if states := form["RelayState"]; len(states) == 1 {
		in.relay = relay(states[0])
	}
	doc, err := format.DecodePOST(append(asks, answers...)[0], maxMessage)
	return doc, unreadable(err)
}

// readForm reads a form body, once: what stands in the address of a POST does not count.
func readForm(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, fault.New(fault.RequestMalformed)
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, fault.New(fault.RequestTooLarge)
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, fault.New(fault.RequestMalformed)
	}
	return form, nil
}

// sender finds the service that a message says it comes from. Nothing is proved by that.
func (p *Provider) sender(r *http.Request, issuer, issuerFormat string) (service.Service, error) {
	if issuer == "" || issuerFormat != "" && issuerFormat != format.NameIDEntity {
		return service.Service{}, fault.New(fault.MessageUnexpected)
	}
	var s service.Service
	err := p.View(r.Context(), func(tx Tx) (err error) {
		s, err = tx.ServiceNamed(service.WireSAML, issuer)
		return err
	})
	if err == nil && (s.Closed || s.SAML == nil) {
		err = fault.New(fault.ServiceUnknown)
	}
	return s, err
}

// believe checks the message's signature under the keys of its service's registration and returns the root to read: of a signed document, what was hashed and
// nothing else. unsigned says that none is needed; one that is there, and could be checked, must hold all the same.
//
// The Redirect binding signs the query. Some libraries sign the document instead and send it by that binding (SAML bindings §3.4.4.1 says to remove such a signature);
// it proves as much, so it counts where the query has none.
func (p *Provider) believe(in inbound, s service.Service, unsigned bool) (*etree.Element, error) {
	if unsigned && len(s.SAML.Certificates) == 0 { // nothing to check any signature with
		return in.root, nil
	}
	keys := s.SAML.Keys(p.Now())
	if in.signed {
		_, err := format.VerifyQuery(in.query, keys, xmldsig.Policy{})
		return in.root, unreadable(err)
	}
	if unsigned && xmldsig.Child(in.root, format.NSDSig, "Signature") == nil {
		return in.root, nil
	}
	v, err := xmldsig.Verify(in.root, keys, xmldsig.Policy{})
	if err != nil {
		return nil, unreadable(err)
	}
	return v.Root, nil
}
