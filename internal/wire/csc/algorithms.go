package csc

import (
	"crypto"
	"encoding/base64"
	"strings"

	"chave/internal/core/fault"
	"chave/internal/core/signing"
	"chave/internal/oauth"
)

// Object identifiers in dotted form (§7.5).
const (
	oidSHA256 = "2.16.840.1.101.3.4.2.1"
	oidSHA384 = "2.16.840.1.101.3.4.2.2"
	oidSHA512 = "2.16.840.1.101.3.4.2.3"

	oidRSA = "1.2.840.113549.1.1.1" // PKCS#1 v1.5 with the hash named apart

	oidP256 = "1.2.840.10045.3.1.7"
)

type signAlgo struct {
	oid  string
	key  signing.Alg
	hash crypto.Hash // zero: named by hashAlgorithmOID
}

// signAlgos lists what is signed here, and nothing weaker (A12, A18).
func signAlgos() []signAlgo {
	return []signAlgo{
		{"1.2.840.113549.1.1.11", signing.RSA3072, crypto.SHA256},
		{"1.2.840.113549.1.1.12", signing.RSA3072, crypto.SHA384},
		{"1.2.840.113549.1.1.13", signing.RSA3072, crypto.SHA512},
		{oidRSA, signing.RSA3072, 0},
		{"1.2.840.10045.4.3.2", signing.P256, crypto.SHA256},
		{"1.2.840.10045.4.3.3", signing.P256, crypto.SHA384},
		{"1.2.840.10045.4.3.4", signing.P256, crypto.SHA512},
	}
}

func algosOf(key signing.Alg) []string {
	var all []string
	for _, a := range signAlgos() {
		if key == "" || a.key == key {
			all = append(all, a.oid)
		}
	}
	return all
}

// hashOf understands hashAlgorithmOID. SHA-1 and all that is not listed is refused alike.
func hashOf(oid string) (crypto.Hash, error) {
	switch oid {
	case oidSHA256:
		return crypto.SHA256, nil
	case oidSHA384:
		return crypto.SHA384, nil
	case oidSHA512:
		return crypto.SHA512, nil
	}
	return 0, invalid("hashAlgorithmOID").With(fault.HashNotAllowed)
}

func oidOf(h crypto.Hash) string {
	return map[crypto.Hash]string{crypto.SHA256: oidSHA256, crypto.SHA384: oidSHA384, crypto.SHA512: oidSHA512}[h]
}

// algorithm reads signAlgo, hashAlgorithmOID and signAlgoParams of a signing request for a key of a sort. hashAlgorithmOID is not needed where signAlgo names the
// hash; when it comes nevertheless it must say the same, so that nobody signs under another hash than they think.
func algorithm(in params, key signing.Alg) (crypto.Hash, error) {
	oid, err := in.needText("signAlgo")
	if err != nil {
		return 0, err
	}
	if given, err := in.text("signAlgoParams"); err != nil || given != "" { // RSASSA-PSS alone has some, and is not offered
		return 0, invalid("signAlgoParams")
	}
	named, err := in.text("hashAlgorithmOID")
	if err != nil {
		return 0, err
	}
	for _, a := range signAlgos() {
		if a.oid != oid || a.key != key {
			continue
		}
		if named == "" {
			if a.hash == 0 {
				return 0, missing("string", "hashAlgorithmOID")
			}
			return a.hash, nil
		}
		h, err := hashOf(named)
		if err != nil {
			return 0, err
		}
		if a.hash != 0 && a.hash != h {
			return 0, oauth.Refuse(oauth.InvalidRequest, "String parameter hashAlgorithmOID contradicts with signAlgo parameter").With(fault.HashNotAllowed)
		}
		return h, nil
	}
	return 0, invalid("signAlgo").With(fault.HashNotAllowed)
}

// digestOf reads one digest, in base64 or base64url, with or without padding: the standard has each somewhere. Nothing but the digest itself may be in it: no line breaks,
// no bits beyond its end.
func digestOf(text string, h crypto.Hash) ([]byte, error) {
	enc := base64.RawStdEncoding
	if strings.ContainsAny(text, "-_") {
		enc = base64.RawURLEncoding
	}
	trimmed := strings.TrimRight(text, "=")
	if len(text) > 4*maxText || strings.ContainsAny(text, "\r\n") || len(trimmed) != len(text) && len(text)%4 != 0 {
		return nil, oauth.Refuse(oauth.InvalidRequest, "Invalid Base64 hash string parameter").With(fault.DigestInvalid)
	}
	b, err := enc.Strict().DecodeString(trimmed)
	if err != nil {
		return nil, oauth.Refuse(oauth.InvalidRequest, "Invalid Base64 hash string parameter").With(fault.DigestInvalid)
	}
	if len(b) != h.Size() {
		return nil, oauth.Refuse(oauth.InvalidRequest, "Invalid digest value length").With(fault.DigestInvalid)
	}
	return b, nil
}

// digestsOf reads a batch: at least one, and no more than a person can be shown.
func (p *Provider) digestsOf(texts []string, h crypto.Hash) ([][]byte, error) {
	switch {
	case len(texts) == 0:
		return nil, oauth.Refuse(oauth.InvalidRequest, "Empty hash array").With(fault.NoDocuments)
	case len(texts) > p.Batch:
		return nil, oauth.Refuse(oauth.InvalidRequest, "Numbers of signatures is too high").With(fault.TooManyDocuments)
	}
	var all [][]byte
	for _, text := range texts {
		b, err := digestOf(text, h)
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}
