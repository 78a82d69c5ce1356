package csc

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"chave/internal/core/fault"
	"chave/internal/core/signing"
	"chave/internal/oauth"
)

// readDetails reads authorization_details of type credential (§8.4.2, RFC 9396 §2).
func (p *Provider) readDetails(in oauth.Form) (subject, error) {
	s := subject{Rich: true}
	text := []byte(in.Get("authorization_details"))
	if !json.Valid(text) {
		return s, oauth.Refuse(invalidDetails, "authorization_details is not JSON")
	}
	text = text[blank(text, 0):]
	all, ok := elements(text, 2)
	if !ok || len(all) != 1 {
		return s, oauth.Refuse(invalidDetails, "authorization_details is not an array of one object")
	}
	one, err := parseParams(all[0])
	if err != nil {
		return s, detail(err)
	}
	if kind, _ := one.text("type"); kind != scopeCredential {
		return s, oauth.Refuse(invalidDetails, "the only type of authorization_details is credential")
	}
	if s.Credential, err = one.text("credentialID"); err != nil {
		return s, detail(err)
	}
	if s.Qualifier, err = one.text("signatureQualifier"); err != nil {
		return s, detail(err)
	}
	// What stands beside as a parameter must not say otherwise.
	if also := in.Get("credentialID"); also != "" && also != s.Credential {
		return s, oauth.Refuse(invalidDetails, "credentialID stands in two places and differs")
	}
	if err := p.checkCredential(s.Credential, s.Qualifier); err != nil {
		return s, detail(err)
	}
	oid, err := one.needText("hashAlgorithmOID")
	if err != nil {
		return s, detail(err)
	}
	if s.Hash, err = hashOf(oid); err != nil {
		return s, detail(err)
	}
	if err := p.readDigests(one, &s); err != nil {
		return s, detail(err)
	}
	if raw := one["numSignatures"]; raw != nil {
		var n int
		if json.Unmarshal(raw, &n) != nil {
			return s, detail(missing("integer", "numSignatures"))
		}
		if err := p.checkCount(n, len(s.Digests)); err != nil {
			return s, detail(err)
		}
	}
	return s, nil
}

// readDigests reads documentDigests: what the key signs, each with its label.
func (p *Provider) readDigests(in params, s *subject) error {
	all, ok := elements(in["documentDigests"], p.Batch)
	if !ok && len(all) == p.Batch {
		return oauth.Refuse(oauth.InvalidRequest, "Numbers of signatures is too high").With(fault.TooManyDocuments)
	}
	if !ok {
		return missing("array", "documentDigests")
	}
	var hashes []string
	for _, raw := range all {
		if len(raw) == 0 || raw[0] != '{' {
			return missing("array", "documentDigests")
		}
		one, err := parseParams(raw)
		if err != nil {
			return err
		}
		hash, err := one.needText("hash")
		if err != nil {
			return err
		}
		label, err := one.text("label")
		if err != nil {
			return err
		}
		// 2.1 lets a client say what its digests are of. Ours are of what the key signs; the digest of a document would have to be turned into that by us, after the
		// person agreed.
		if kind, err := one.text("hashType"); err != nil || kind != "" && !strings.EqualFold(kind, hashType) {
			return oauth.Refuse(oauth.InvalidRequest, "the only hashType is %s: what the key signs; signatures/calculateHash tells it for a document", hashType)
		}
		hashes, s.Names = append(hashes, hash), append(s.Names, label)
	}
	var err error
	s.Digests, err = p.digestsOf(hashes, s.Hash)
	return err
}

// hashType is the digest of the data to be signed, in its final representation.
const hashType = "dtbsr"

// detail gives a refusal the name that RFC 9396 §5 has.
func detail(err error) error {
	e := *refusalOf(err)
	e.Name = invalidDetails
	return &e
}

const (
	maxName        = 255 // characters
	maxDescription = 500 // characters (§8.4.2)
)

// names finds what the documents are called: by their labels, by clientData {"documentNames": [...]}, which is ours, or by the description. Digests without a name are
// named by documentsOf.
func names(clientData, description string, labels []string, n int) ([]string, error) {
	if utf8.RuneCountInString(description) > maxDescription {
		return nil, invalid("description")
	}
	named := make([]string, n)
	for i := range named {
		if description == "" {
			break
		}
		named[i] = description
		if n > 1 {
			named[i] = fmt.Sprintf("%s (%d/%d)", description, i+1, n)
		}
	}
	var ours struct {
		Names []string `json:"documentNames"`
	}
	if strings.HasPrefix(strings.TrimSpace(clientData), "{") && json.Unmarshal([]byte(clientData), &ours) == nil && ours.Names != nil {
		if len(ours.Names) != n {
			return nil, oauth.Refuse(oauth.InvalidRequest, "Invalid parameter clientData: documentNames needs one name for each hash")
		}
		override(named, ours.Names)
	}
	override(named, labels)
	return named, nil
}

func override(named, by []string) {
	for i := range min(len(named), len(by)) {
		if strings.TrimSpace(by[i]) != "" {
			named[i] = by[i]
		}
	}
}

// documentsOf joins digests and names. Nothing is asked for without a name: then it is the application's with the end of the digest, which the person can compare (R3.19).
func documentsOf(digests [][]byte, named []string, application string) []signing.Document {
	var all []signing.Document
	for i, digest := range digests {
		name := ""
		if i < len(named) {
			name = cut(strings.TrimSpace(strings.ToValidUTF8(named[i], "?")))
		}
		if name == "" {
			name = fmt.Sprintf("%s %x", application, digest[len(digest)-4:])
		}
		all = append(all, signing.Document{Name: name, Digest: digest})
	}
	return all
}

func cut(s string) string {
	if utf8.RuneCountInString(s) <= maxName {
		return s
	}
	return string([]rune(s)[:maxName-1]) + "…"
}
