package xmldsig

import (
	"bytes"
	"cmp"
	"crypto"
	"encoding/base64"
	"strings"

	"github.com/beevik/etree"
)

// Profile is how a signature of ours looks (cmd-authentication §1.7.3). The zero value is "modern": exclusive C14N and SHA-256.
type Profile struct {
	Inclusive bool        // SignedInfo in inclusive C14N 1.0, as the original does; the reference is exclusive either way
	Hash      crypto.Hash // SHA256 when zero; SHA384, SHA512; SHA1 for the legacy profile and RSA only
}

// Signer signs documents of ours. Its zero value signs nothing.
type Signer struct {
	Key         crypto.Signer // RSA of 2048 bits or more, or ECDSA on P-256, P-384 or P-521; never asked for randomness
	Certificate []byte        // DER of the leaf, put into KeyInfo; nil leaves KeyInfo out
	Profile     Profile
}

// ownLimits bound documents of our own making, the largest being metadata.
func ownLimits() Limits { return Limits{Bytes: 1 << 20, Depth: 64, Elements: 1 << 14, Attributes: 64} }

// Sign returns the document with one enveloped signature over its root, put as text right after the root's first child element named Issuer, or
// as the root's first child when there is none. No other octet changes. The root needs an attribute ID. An assertion
// that will be embedded in a response is signed by itself first, with the exclusive form, and then embedded as it is.
func (s Signer) Sign(doc []byte) ([]byte, error) {
	root, err := Parse(doc, ownLimits())
	if err != nil {
		return nil, err
	}
	id := Attr(root, "ID")
	if !IsNCName(id) {
		return nil, refuse(ReasonReference, "the root has no ID")
	}
	if Child(root, dsig, "Signature") != nil {
		return nil, refuse(ReasonSignatureRepeated, "signed already")
	}
	at, err := place(doc)
	if err != nil {
		return nil, err
	}
	octets, err := canonical(root, form{}, nil, canonicalLimit)
	if err != nil {
		return nil, err
	}
	before, info, after, err := s.layout(id, octets)
	if err != nil {
		return nil, err
	}
	value, err := s.signInfo(root, info)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.Grow(len(doc) + len(before) + len(info) + len(after) + 1024)
	b.Write(doc[:at])
	b.WriteString(before)
	b.WriteString(info)
	b.WriteString("<SignatureValue>")
	b.WriteString(base64.StdEncoding.EncodeToString(value))
	b.WriteString("</SignatureValue>")
	b.WriteString(after)
	b.Write(doc[at:])
	return b.Bytes(), nil
}

// layout writes the parts of the Signature element, spelled as cmd-authentication §4.3 spells them: everything but the value.
func (s Signer) layout(id string, octets []byte) (before, info, after string, err error) {
	hash := cmp.Or(s.Profile.Hash, crypto.SHA256)
	algorithm, err := SignatureName(s.Key, hash)
	if err != nil {
		return "", "", "", err
	}
	infoForm := exclusive
	if s.Profile.Inclusive {
		infoForm = inclusive
	}
	info = `<SignedInfo><CanonicalizationMethod Algorithm="` + infoForm + `" /><SignatureMethod Algorithm="` + algorithm + `" />` +
		`<Reference URI="#` + id + `"><Transforms><Transform Algorithm="` + enveloped + `" /><Transform Algorithm="` + exclusive + `" /></Transforms>` +
		`<DigestMethod Algorithm="` + digestURI(hash) + `" /><DigestValue>` + base64.StdEncoding.EncodeToString(sum(hash, octets)) + `</DigestValue></Reference></SignedInfo>`
	after = "</Signature>"
	if s.Certificate != nil {
		after = "<KeyInfo><X509Data><X509Certificate>" + base64.StdEncoding.EncodeToString(s.Certificate) + "</X509Certificate></X509Data></KeyInfo></Signature>"
	}
	return `<Signature xmlns="` + dsig + `">`, info, after, nil
}

// signInfo signs SignedInfo as it will stand in the document: in the inclusive form it takes over the namespaces of the root.
func (s Signer) signInfo(root *etree.Element, info string) ([]byte, error) {
	element, err := Parse([]byte(`<Signature xmlns="`+dsig+`">`+info+`</Signature>`), ownLimits())
	if err != nil {
		return nil, err
	}
	root.AddChild(element)
	octets, err := canonical(Child(element, dsig, "SignedInfo"), form{inclusive: s.Profile.Inclusive}, nil, canonicalLimit)
	if err != nil {
		return nil, err
	}
	_, value, err := SignOctets(s.Key, s.Profile.Hash, octets)
	return value, err
}

// place finds the octet at which the signature goes in a document that [Parse] accepted, so without comments.
func place(doc []byte) (int, error) {
	first, depth := -1, 0 // first: right behind the root's start tag
	issuer := false
	for i := 0; i < len(doc); {
		open := bytes.IndexByte(doc[i:], '<')
		if open < 0 {
			break
		}
		i += open
		switch {
		case bytes.HasPrefix(doc[i:], []byte("<?")):
			i += bytes.Index(doc[i:], []byte("?>")) + 2
		case bytes.HasPrefix(doc[i:], []byte("<![CDATA[")):
			i += bytes.Index(doc[i:], []byte("]]>")) + 3
		case doc[i+1] == '/':
			i += bytes.IndexByte(doc[i:], '>') + 1
			if depth--; issuer && depth == 1 {
				return i, nil
			}
		default:
			end := tagEnd(doc, i)
			closed := doc[end-2] == '/'
			if depth == 1 && localName(doc[i+1:end]) == "Issuer" {
				if closed {
					return end, nil
				}
				issuer = true
			}
			if i = end; closed {
				break
			}
			if depth++; first < 0 {
				first = end
			}
		}
	}
	if first < 0 {
		return 0, refuse(ReasonMalformed, "the root is empty")
	}
	return first, nil
}

// tagEnd returns where the start tag that begins at i ends, behind its '>'.
func tagEnd(doc []byte, i int) int {
	quote := byte(0)
	for ; i < len(doc); i++ {
		switch c := doc[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i + 1
		}
	}
	return i
}

// localName reads the name at the start of a tag, without its prefix.
func localName(tag []byte) string {
	name := string(tag[:bytes.IndexAny(tag, " \t\r\n/>")])
	if _, local, ok := strings.Cut(name, ":"); ok {
		return local
	}
	return name
}
