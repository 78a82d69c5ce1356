package csc

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/signing"
	"chave/internal/oauth"
)

// A SAD is for what the key signs, and for a document that is a digest over attributes that we make. So the digest has to be known before the person agrees:
//
//	calculateHash(documents) ─▶ hashes, signature_date ─▶ authorize(hashes) ─▶ signDoc(the same documents, signature_date, SAD)
//
// calculateHash is ours. Without it we would have to turn the digest of a document into something else to sign after the yes, and the permit would not be for what is
// signed (T2).

// dateWindow is how far the claimed time may lie from ours: a batch is shown, read and confirmed in between.
const (
	datePast   = time.Hour
	dateFuture = time.Minute
)

// sheaf is what signDoc and calculateHash were asked to work on.
type sheaf struct {
	prepared []Prepared
	digests  [][]byte
	formats  []string
	whole    []bool // a document came, not its digest
	hash     crypto.Hash
	at       time.Time
}

// calculateHash tells what the key will sign for documents.
func (p *Provider) calculateHash(w http.ResponseWriter, r *http.Request) error {
	c, leave, err := p.enter(r)
	if err != nil {
		return err
	}
	defer leave()
	in, err := readParams(w, r, maxDocument)
	if err != nil {
		return err
	}
	key, err := p.credential(r.Context(), c, in)
	if err != nil {
		return err
	}
	s, err := p.readSheaf(in, key, p.Now().Truncate(time.Millisecond))
	if err != nil {
		return err
	}
	return oauth.Answer(w, http.StatusOK, struct {
		Hashes []string `json:"hashes"`
		OID    string   `json:"hashAlgorithmOID"`
		Date   int64    `json:"signature_date"`
	}{encoded(s.digests), oidOf(s.hash), s.at.UnixMilli()})
}

// enter lets a service that may send documents take a place among the requests that hold whole ones in memory. Strangers take none.
func (p *Provider) enter(r *http.Request) (c caller, leave func(), err error) {
	if c, err = p.call(r); err != nil {
		return c, nil, err
	}
	if !c.service.CSC.Documents {
		return c, nil, oauth.Refuse(oauth.UnauthorizedClient, "this service is registered for digests only").With(fault.DoorClosed)
	}
	select {
	case p.large <- struct{}{}:
		return c, func() { <-p.large }, nil
	default:
		e := oauth.Refuse(oauth.TemporarilyUnavailable, "too many documents at once").With(fault.TooManyRequests).At(http.StatusServiceUnavailable)
		e.After = 2
		return c, nil, e
	}
}

// signDoc makes signed documents, or detached signatures (§11.11).
func (p *Provider) signDoc(w http.ResponseWriter, r *http.Request) error {
	c, leave, err := p.enter(r)
	if err != nil {
		return err
	}
	defer leave()
	in, err := readParams(w, r, maxDocument)
	if err != nil {
		return err
	}
	if _, err := in.flag("returnValidationInfo"); err != nil {
		return err
	}
	if err := p.credentialOf(c, in); err != nil {
		return err
	}
	sad, key, err := p.toSign(r.Context(), c, in)
	if err != nil {
		return err
	}
	at, err := p.readDate(in)
	if err != nil {
		return err
	}
	s, err := p.readSheaf(in, key, at)
	if err != nil {
		return err
	}
	made, err := p.redeem(r.Context(), sad, key, s.hash, s.digests)
	if fault.Is(err, fault.PermitMismatch) {
		return oauth.Refuse(invalidHash, "Document or documentDigest does not match authorized hash").At(http.StatusForbidden).With(fault.PermitMismatch)
	}
	if err != nil {
		return err
	}
	return p.attach(w, r, s, made)
}

// credentialOf lets signatureQualifier stand for the credential that the SAD is for.
func (p *Provider) credentialOf(c caller, in params) error {
	qualifier, err := in.text("signatureQualifier")
	switch {
	case err != nil:
		return err
	case qualifier == "" || in.has("credentialID"):
		return nil
	case qualifier != p.About.Qualifier:
		return invalid("signatureQualifier")
	case c.sad != nil:
		in["credentialID"], err = json.Marshal(c.sad.Key)
	}
	return err
}

// readDate reads the claimed time of calculateHash: the digests were made with it.
func (p *Provider) readDate(in params) (time.Time, error) {
	var ms int64
	if raw := in["signature_date"]; raw == nil || json.Unmarshal(raw, &ms) != nil {
		return time.Time{}, oauth.Refuse(oauth.InvalidRequest, "Missing (or invalid type) integer parameter signature_date: signatures/calculateHash gives it with the hashes to authorize")
	}
	at, now := time.UnixMilli(ms).UTC(), p.Now()
	if at.Before(now.Add(-datePast)) || at.After(now.Add(dateFuture)) {
		return at, invalid("signature_date")
	}
	return at, nil
}

// readSheaf prepares every document; all of them or none.
func (p *Provider) readSheaf(in params, key signing.Key, at time.Time) (sheaf, error) {
	s := sheaf{at: at}
	var chain []*x509.Certificate
	for _, der := range key.Chain {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return s, err
		}
		chain = append(chain, cert)
	}
	name := "documents"
	switch {
	case in.has(name) && in.has("documentDigests"):
		return s, oauth.Refuse(oauth.InvalidRequest, "Both documentDigests and documents parameters passed")
	case in.has("documentDigests"):
		name = "documentDigests"
	case !in.has(name):
		return s, oauth.Refuse(oauth.InvalidRequest, "Empty documentDigests and documents objects").With(fault.NoDocuments)
	}
	entries, ok := elements(in[name], p.Batch)
	switch {
	case !ok && len(entries) == p.Batch:
		return s, oauth.Refuse(oauth.InvalidRequest, "Numbers of signatures is too high").With(fault.TooManyDocuments)
	case !ok:
		return s, oauth.Refuse(oauth.InvalidRequest, "Invalid array parameter %s", name)
	case len(entries) == 0:
		return s, oauth.Refuse(oauth.InvalidRequest, "Empty documentDigests and documents objects").With(fault.NoDocuments)
	}
	for _, raw := range entries {
		if raw[0] != '{' {
			return s, oauth.Refuse(oauth.InvalidRequest, "Invalid array parameter %s", name)
		}
		entry, err := parseParams(raw)
		if err != nil {
			return s, err
		}
		if err := p.readEntry(entry, key.Alg, chain, &s); err != nil {
			return s, err
		}
		if len(s.prepared) > p.Batch {
			return s, oauth.Refuse(oauth.InvalidRequest, "Numbers of signatures is too high").With(fault.TooManyDocuments)
		}
	}
	return s, nil
}

// readEntry prepares one entry: a document, or several digests that are signed alike.
func (p *Provider) readEntry(entry params, alg signing.Alg, chain []*x509.Certificate, s *sheaf) error {
	sheet, err := readSheet(entry, alg)
	if err != nil {
		return err
	}
	sheet.At, sheet.Chain = s.at, chain
	if s.hash != 0 && s.hash != sheet.Hash {
		return oauth.Refuse(oauth.InvalidRequest, "all of a request is signed with one hash algorithm").With(fault.HashNotAllowed)
	}
	s.hash = sheet.Hash
	if raw, whole := entry["document"]; whole {
		if sheet.Content, err = content(raw); err != nil {
			return err
		}
		return p.prepareSheet(sheet, true, s)
	}
	texts, err := entry.texts("hashes")
	if err != nil {
		return err
	}
	digests, err := p.digestsOf(texts, sheet.Hash)
	if err != nil {
		return err
	}
	for _, digest := range digests {
		sheet.Digest = digest
		if err := p.prepareSheet(sheet, false, s); err != nil {
			return err
		}
	}
	return nil
}

func (p *Provider) prepareSheet(sheet Sheet, whole bool, s *sheaf) error {
	one, err := p.Documents.Prepare(sheet)
	if err != nil {
		return err
	}
	s.prepared, s.digests = append(s.prepared, one), append(s.digests, one.ToSign())
	s.formats, s.whole = append(s.formats, sheet.Format), append(s.whole, whole)
	return nil
}

// readSheet reads how one entry is to be signed. What is not offered is refused, never left out in silence.
func readSheet(entry params, alg signing.Alg) (Sheet, error) {
	var sheet Sheet
	var err error
	if sheet.Format, err = entry.needText("signature_format"); err != nil {
		return sheet, err
	}
	if sheet.Format != formatPAdES && sheet.Format != formatCAdES {
		return sheet, invalid("signature_format")
	}
	level, err := entry.text("conformance_level")
	if err != nil {
		return sheet, err
	}
	if level == "" {
		level = levelNames()[0]
	}
	i := slices.IndexFunc(levelNames(), func(name string) bool { return strings.EqualFold(name, level) })
	if i < 0 {
		return sheet, invalid("conformance_level")
	}
	sheet.Level = strings.TrimPrefix(levelNames()[i], "Ades-")
	// A detached CAdES signature has no archive stamps here; and what B-LT adds to a PDF lies in the file, of which only a digest came.
	if sheet.Format == formatCAdES && i > levelLT || sheet.Format == formatPAdES && !entry.has("document") && i > levelT {
		return sheet, invalid("conformance_level")
	}
	envelope, err := entry.text("signed_envelope_property")
	if err != nil {
		return sheet, err
	}
	switch {
	case envelope == "": // a revision: certifying locks a document for whoever signs next, which nobody should get by leaving a word out
	case sheet.Format == formatPAdES && envelope == envelopeCertification:
		sheet.Certify = true
	case sheet.Format == formatPAdES && envelope == envelopeRevision, sheet.Format == formatCAdES && envelope == envelopeDetached:
	default:
		return sheet, invalid("signed_envelope_property")
	}
	if err := readProps(entry, &sheet); err != nil {
		return sheet, err
	}
	sheet.Hash, err = algorithm(entry, alg)
	return sheet, err
}

// readProps reads signed_props: the four of PAdES that people read.
func readProps(entry params, sheet *Sheet) error {
	if !entry.has("signed_props") {
		return nil
	}
	wrong := invalid("signed_props")
	all, ok := elements(entry["signed_props"], maxMembers)
	if !ok {
		return wrong
	}
	for _, raw := range all {
		if raw[0] != '{' {
			return wrong
		}
		one, err := parseParams(raw)
		if err != nil {
			return wrong
		}
		name, errName := one.needText("attribute_name")
		text, errValue := one.needText("attribute_value")
		value, errBase := base64.StdEncoding.DecodeString(text)
		into := map[string]*string{"Name": &sheet.Name, "Reason": &sheet.Reason, "Location": &sheet.Location, "ContactInfo": &sheet.Contact}[name]
		if errName != nil || errValue != nil || errBase != nil || into == nil || *into != "" || sheet.Format != formatPAdES {
			return oauth.Refuse(oauth.InvalidRequest, "Invalid parameter signed_props (%s)", oauth.Printable(name))
		}
		*into = cut(strings.ToValidUTF8(string(value), "?"))
	}
	return nil
}

// content decodes a document in the memory it came in: of 50 MB there is one copy, not three.
func content(raw json.RawMessage) ([]byte, error) {
	wrong := oauth.Refuse(oauth.InvalidRequest, "Invalid Base64 documents string parameter")
	if len(raw) < 2 || raw[0] != '"' {
		return nil, missing("string", "document")
	}
	text := []byte(raw[1 : len(raw)-1])
	if slices.Contains(text, '\\') { // \/ is a way to write a slash
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return nil, wrong
		}
		text = []byte(s)
	}
	n, err := base64.StdEncoding.Strict().Decode(text, text)
	if err != nil || n == 0 {
		return nil, wrong
	}
	return text[:n:n], nil
}

// attach puts the signatures into their documents. They exist now: what can only be signed again is not thrown away for the lack of a timestamp, and the answer says
// which level each has.
func (p *Provider) attach(w http.ResponseWriter, r *http.Request, s sheaf, made [][]byte) error {
	var out struct {
		Documents  []string `json:"DocumentWithSignature,omitempty"`
		Signatures []string `json:"SignatureObject,omitempty"`
		Reached    []string `json:"conformance_levels_reached"`
	}
	for i, one := range s.prepared {
		signed, reached, err := one.Attach(r.Context(), made[i])
		if err != nil {
			return err
		}
		text := base64.StdEncoding.EncodeToString(signed)
		if s.whole[i] && s.formats[i] == formatPAdES {
			out.Documents = append(out.Documents, text)
		} else {
			out.Signatures = append(out.Signatures, text)
		}
		out.Reached = append(out.Reached, "Ades-"+reached)
	}
	return oauth.Answer(w, http.StatusOK, out)
}
