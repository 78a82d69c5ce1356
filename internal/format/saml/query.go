package saml

import (
	"crypto"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"

	"chave/internal/format/xmldsig"
)

// Pair is one parameter of a query, not yet URL-encoded.
type Pair struct{ Name, Value string }

// SignQuery makes a signed query of the Redirect binding (SAML bindings §3.4.4.1): the pairs in the order given, which must be
// SAMLRequest or SAMLResponse, then RelayState if there is one; then SigAlg and Signature. The key is RSA or ECDSA, the hash
// SHA-256, -384 or -512 (zero: SHA-256), or SHA-1 for RSA and a legacy service.
func SignQuery(key crypto.Signer, hash crypto.Hash, pairs ...Pair) (string, error) {
	for i, p := range pairs {
		if message := p.Name == "SAMLRequest" || p.Name == "SAMLResponse"; i > 1 || message != (i == 0) || !message && p.Name != "RelayState" {
			return "", refuse(ReasonQuery, "pairs")
		}
	}
	if len(pairs) == 0 {
		return "", refuse(ReasonQuery, "pairs")
	}
	algorithm, err := xmldsig.SignatureName(key, hash)
	if err != nil {
		return "", ours(err)
	}
	var b strings.Builder
	for _, p := range append(pairs[:len(pairs):len(pairs)], Pair{"SigAlg", algorithm}) {
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.Name + "=" + url.QueryEscape(p.Value))
	}
	_, signature, err := xmldsig.SignOctets(key, hash, []byte(b.String()))
	if err != nil {
		return "", ours(err)
	}
	return b.String() + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature)), nil
}

// Query is what a Redirect query says.
type Query struct {
	Message       string // value of SAMLRequest or SAMLResponse, URL-decoded: give it to [DecodeRedirect]
	Response      bool   // it was SAMLResponse
	RelayState    string
	HasRelayState bool
	Signed        bool // a Signature stands there; only [VerifyQuery] says that it holds
	Key           int  // which of the keys given verified
	SHA1          bool // whether SHA-1 was used
}

// ParseQuery reads a query without looking at its signature, for services whose requests need none and to learn the
// Issuer whose keys [VerifyQuery] needs. Parameters of other names are ignored; SAML's own must not repeat.
func ParseQuery(rawQuery string) (Query, error) {
	p, err := split(rawQuery)
	if err != nil {
		return Query{}, err
	}
	return p.query()
}

// VerifyQuery reads a query and checks its signature over the octets as they were sent. Errors are *[Error].
func VerifyQuery(rawQuery string, keys []crypto.PublicKey, p xmldsig.Policy) (Query, error) {
	params, err := split(rawQuery)
	if err != nil {
		return Query{}, err
	}
	q, err := params.query()
	if err != nil {
		return Query{}, err
	}
	if !q.Signed {
		return Query{}, refuse(ReasonUnsigned, "")
	}
	readings, err := decode(params["Signature"].value, 2048)
	if err != nil {
		return Query{}, err
	}
	signature := readings[len(readings)-1] // URL-decoding is ours to get right, so a space here is layout
	q.Key, q.SHA1, err = xmldsig.VerifyOctets(params["SigAlg"].value, []byte(params.signed(q)), signature, keys, p)
	if err != nil {
		return Query{}, ours(err)
	}
	return q, nil
}

// parameter is one of SAML's own parameters: as sent, without its name, and decoded.
type parameter struct{ raw, value string }

type parameters map[string]parameter

// split finds SAML's parameters. A name must be spelled plainly, for who finds it in the decoded query and who finds it in the
// raw one must find the same; none may repeat, for then two readers could choose differently.
func split(rawQuery string) (parameters, error) {
	found := make(parameters, 5)
	for piece := range strings.SplitSeq(rawQuery, "&") {
		rawName, rawValue, _ := strings.Cut(piece, "=")
		name, err := url.QueryUnescape(rawName)
		if err != nil {
			continue
		}
		switch name {
		case "SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature", "SAMLEncoding":
		default:
			continue
		}
		value, err := url.QueryUnescape(rawValue)
		if _, twice := found[name]; twice || err != nil || name != rawName {
			return nil, refuse(ReasonQuery, "repeated or malformed parameter")
		}
		found[name] = parameter{rawValue, value}
	}
	return found, nil
}

func (p parameters) has(name string) bool { _, ok := p[name]; return ok }

// query holds the rules about which parameters go together.
func (p parameters) query() (Query, error) {
	switch {
	case p.has("SAMLRequest") == p.has("SAMLResponse"):
		return Query{}, refuse(ReasonQuery, "neither or both messages")
	case p.has("SAMLEncoding") && p["SAMLEncoding"].value != EncodingDeflate:
		return Query{}, refuse(ReasonQuery, "encoding")
	case p.has("Signature") != p.has("SigAlg"):
		return Query{}, refuse(ReasonQuery, "half a signature")
	}
	q := Query{Response: p.has("SAMLResponse"), RelayState: p["RelayState"].value, HasRelayState: p.has("RelayState"), Signed: p.has("Signature")}
	q.Message = p["SAMLRequest"].value
	if q.Response {
		q.Message = p["SAMLResponse"].value
	}
	return q, nil
}

// signed puts together what the sender signed, in the fixed order and in the sender's own URL-encoding.
func (p parameters) signed(q Query) string {
	name := "SAMLRequest"
	if q.Response {
		name = "SAMLResponse"
	}
	s := name + "=" + p[name].raw
	if q.HasRelayState {
		s += "&RelayState=" + p["RelayState"].raw
	}
	return s + "&SigAlg=" + p["SigAlg"].raw
}

// ours turns an error of xmldsig into one of this package; the reasons are spelled alike.
func ours(err error) error {
	if e, ok := errors.AsType[*xmldsig.Error](err); ok {
		return refuse(Reason(e.Reason), e.Detail)
	}
	return err
}
