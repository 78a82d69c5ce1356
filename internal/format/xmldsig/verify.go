package xmldsig

import (
	"bytes"
	"crypto"
	"crypto/subtle"
	"encoding/base64"
	"math"
	"strings"

	"github.com/beevik/etree"
)

// Policy is what a caller allows beyond the secure default; its zero value is the strict one.
type Policy struct {
	SHA1 bool // RSA-SHA1 signatures and SHA-1 digests: only for a service whose legacy switch says so
}

// Verified is a document whose signature holds. Only [Verify] makes one that has a root.
type Verified struct {
	Root *etree.Element // parsed anew from the canonical octets that were hashed: without the signature, and without anything unsigned
	Key  int            // which of the keys given verified
	SHA1 bool           // whether SHA-1 was used, as digest or in the signature
}

// Verify checks the one enveloped signature of a document that [Parse] read. Errors are *[Error]. The tree is not changed; read
// values only from [Verified.Root].
func Verify(root *etree.Element, keys []crypto.PublicKey, p Policy) (Verified, error) {
	signature, err := locate(root)
	if err != nil {
		return Verified{}, err
	}
	s, err := read(signature, Attr(root, "ID"), p)
	if err != nil {
		return Verified{}, err
	}
	// SignedInfo comes first: it is small, so that only who holds a registered key can make us canonicalise much.
	info, err := canonical(s.info, s.infoForm, nil, canonicalLimit)
	if err != nil {
		return Verified{}, err
	}
	key, sha1, err := VerifyOctets(s.algorithm, info, s.value, keys, p)
	if err != nil {
		return Verified{}, err
	}
	octets, err := canonical(root, s.reference, signature, canonicalLimit)
	if err != nil {
		return Verified{}, err
	}
	if subtle.ConstantTimeCompare(sum(s.digestHash, octets), s.digest) != 1 {
		return Verified{}, refuse(ReasonDigest, "")
	}
	// Counts were limited when the document came in; the canonical form has as many elements, but may carry more declarations on each.
	anew, err := Parse(octets, Limits{Bytes: len(octets), Depth: math.MaxInt, Elements: math.MaxInt, Attributes: math.MaxInt})
	if err != nil {
		return Verified{}, err
	}
	// The round trip, on the octets themselves: the tree that is read is the one that was signed, or nothing is.
	again, err := canonical(anew, s.reference, nil, canonicalLimit)
	if err != nil || !bytes.Equal(again, octets) {
		return Verified{}, refuse(ReasonMalformed, "does not survive being written and read")
	}
	return Verified{Root: anew, Key: key, SHA1: sha1 || s.digestHash == crypto.SHA1}, nil
}

// locate finds the one signature and holds the rules about the whole tree: exactly one, child of the root; a root with an ID;
// no ID value twice, whatever an attribute of that name is spelled or prefixed like.
func locate(root *etree.Element) (*etree.Element, error) {
	if root == nil {
		return nil, refuse(ReasonMalformed, "no document")
	}
	var w walk
	w.visit(root)
	switch {
	case len(w.signatures) == 0:
		return nil, refuse(ReasonSignatureMissing, "")
	case len(w.signatures) > 1:
		return nil, refuse(ReasonSignatureRepeated, "")
	case w.signatures[0].Parent() != root:
		return nil, refuse(ReasonSignatureMisplaced, "")
	case w.duplicate:
		return nil, refuse(ReasonDuplicateID, "")
	case !IsNCName(Attr(root, "ID")):
		return nil, refuse(ReasonReference, "the root has no ID")
	}
	return w.signatures[0], nil
}

// walk goes through a tree once.
type walk struct {
	signatures []*etree.Element
	ids        map[string]bool
	duplicate  bool
}

func (w *walk) visit(e *etree.Element) {
	if e.Tag == "Signature" && namespaceOf(e, e.Space) == dsig {
		w.signatures = append(w.signatures, e)
	}
	for _, a := range e.Attr {
		if a.Space == "xmlns" || !strings.EqualFold(a.Key, "id") {
			continue
		}
		if w.ids == nil {
			w.ids = make(map[string]bool)
		}
		w.duplicate = w.duplicate || w.ids[a.Value]
		w.ids[a.Value] = true
	}
	for _, c := range e.Child {
		if c, ok := c.(*etree.Element); ok {
			w.visit(c)
		}
	}
}

// signed is what a Signature element says.
type signed struct {
	info       *etree.Element
	infoForm   form
	algorithm  string
	value      []byte
	reference  form
	digestHash crypto.Hash
	digest     []byte
}

// read takes a Signature element apart. Each part stands exactly once, where the schema has it, with nothing beside it;
// KeyInfo may follow and is not looked at: a key that the message brings along proves nothing.
func read(signature *etree.Element, id string, p Policy) (signed, error) {
	parts, ok := elements(signature)
	if !ok || len(parts) < 2 || len(parts) > 3 || parts[0].Tag != "SignedInfo" || parts[1].Tag != "SignatureValue" || len(parts) == 3 && parts[2].Tag != "KeyInfo" {
		return signed{}, refuse(ReasonSignatureMalformed, "Signature")
	}
	s := signed{info: parts[0]}
	value, err := decode(parts[1])
	if err != nil {
		return signed{}, err
	}
	s.value = value

	parts, ok = elements(s.info)
	if !ok || len(parts) < 3 || parts[0].Tag != "CanonicalizationMethod" || parts[1].Tag != "SignatureMethod" || parts[2].Tag != "Reference" {
		return signed{}, refuse(ReasonSignatureMalformed, "SignedInfo")
	}
	if len(parts) > 3 {
		return signed{}, refuse(ReasonReference, "more than one")
	}
	if s.infoForm, ok = readForm(parts[0], true); !ok {
		return signed{}, refuse(ReasonAlgorithm, "canonicalisation")
	}
	s.algorithm = Attr(parts[1], "Algorithm")
	if len(parts[1].ChildElements()) > 0 {
		return signed{}, refuse(ReasonAlgorithm, "signature parameters")
	}
	if uri, given := LookAttr(parts[2], "URI"); !given || uri != "#"+id {
		return signed{}, refuse(ReasonReference, "not to the root")
	}
	return s, s.readReference(parts[2], p)
}

func (s *signed) readReference(e *etree.Element, p Policy) error {
	parts, ok := elements(e)
	if !ok || len(parts) != 3 || parts[0].Tag != "Transforms" || parts[1].Tag != "DigestMethod" || parts[2].Tag != "DigestValue" {
		return refuse(ReasonSignatureMalformed, "Reference")
	}
	transforms, ok := elements(parts[0])
	if !ok || len(transforms) != 2 || transforms[0].Tag != "Transform" || transforms[1].Tag != "Transform" ||
		Attr(transforms[0], "Algorithm") != enveloped || len(transforms[0].ChildElements()) > 0 {
		return refuse(ReasonTransform, "")
	}
	if s.reference, ok = readForm(transforms[1], false); !ok {
		return refuse(ReasonTransform, "")
	}
	if len(parts[1].ChildElements()) > 0 {
		return refuse(ReasonAlgorithm, "digest parameters")
	}
	var err error
	if s.digestHash, err = digestHash(Attr(parts[1], "Algorithm"), p); err != nil {
		return err
	}
	s.digest, err = decode(parts[2])
	return err
}

// readForm reads a canonicalisation by its Algorithm and, for the exclusive form, its PrefixList.
func readForm(e *etree.Element, inclusiveToo bool) (form, bool) {
	children := e.ChildElements()
	switch Attr(e, "Algorithm") {
	case inclusive, inclusive + "#WithComments":
		return form{inclusive: true}, inclusiveToo && len(children) == 0
	case exclusive, exclusive + "WithComments":
	default:
		return form{}, false
	}
	if len(children) == 0 {
		return form{}, true
	}
	if len(children) > 1 || !Is(children[0], exclusive, "InclusiveNamespaces") || len(children[0].ChildElements()) > 0 {
		return form{}, false
	}
	prefixes := strings.Fields(Attr(children[0], "PrefixList"))
	if len(prefixes) > 64 {
		return form{}, false
	}
	for i, p := range prefixes {
		if p == "#default" {
			prefixes[i] = ""
		}
	}
	return form{prefixes: prefixes}, true
}

// elements returns the children of an element if they are all of the signature namespace, with nothing but white space between them.
func elements(e *etree.Element) ([]*etree.Element, bool) {
	var list []*etree.Element
	for _, c := range e.Child {
		switch c := c.(type) {
		case *etree.Element:
			if namespaceOf(c, c.Space) != dsig {
				return nil, false
			}
			list = append(list, c)
		case *etree.CharData:
			if strings.Trim(c.Data, " \t\r\n") != "" {
				return nil, false
			}
		}
	}
	return list, true
}

// decode reads the base64 inside an element, which may be broken into lines.
func decode(e *etree.Element) ([]byte, error) {
	if len(e.ChildElements()) > 0 {
		return nil, refuse(ReasonSignatureMalformed, "base64")
	}
	text := strings.Join(strings.Fields(Text(e)), "")
	b, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(b) == 0 {
		return nil, refuse(ReasonSignatureMalformed, "base64")
	}
	return b, nil
}
