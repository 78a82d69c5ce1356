package saml

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// Ask is one attribute that a request over Portugal's profile names.
type Ask struct {
	Name     string // URI of cmd-authentication.md §1.9
	Required bool
}

// LevelClass is Chave's name for a level in authentication contexts.
func LevelClass(level int) string { return "urn:chave:level:" + strconv.Itoa(level) }

// AuthnRequest asks to sign somebody in. level is the lowest acceptable, 1 to 4. asks are written into requests over Portugal's profile; the
// standard's has no place for them, there the registration says what is shared.
func (p *Party) AuthnRequest(ctx context.Context, asks []Ask, level int) (Message, error) {
	chave, err := p.chave(ctx, false)
	if err != nil {
		return Message{}, err
	}
	root, id, err := p.message("AuthnRequest", chave.signOn)
	if err != nil {
		return Message{}, err
	}
	root.CreateAttr("ProtocolBinding", bindingPOST)
	root.CreateAttr("AssertionConsumerServiceURL", p.cfg.ACS)
	switch p.cfg.Profile {
	case FA:
		extensions := root.CreateElement("saml2p:Extensions")
		list := inFA(extensions, "RequestedAttributes")
		for _, ask := range asks {
			one := list.CreateElement("fa:RequestedAttribute")
			one.CreateAttr("Name", ask.Name)
			one.CreateAttr("NameFormat", formatURI)
			one.CreateAttr("isRequired", strconv.FormatBool(ask.Required))
		}
		inFA(extensions, "FAAALevel").SetText(strconv.Itoa(level))
	case Standard:
		policy := root.CreateElement("saml2p:NameIDPolicy")
		policy.CreateAttr("Format", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent")
		policy.CreateAttr("AllowCreate", "true")
		wanted := root.CreateElement("saml2p:RequestedAuthnContext")
		wanted.CreateAttr("Comparison", "minimum")
		wanted.CreateElement("saml2:AuthnContextClassRef").SetText(LevelClass(level))
	}
	return p.sealed(root, id, chave.signOn, "SAMLRequest")
}

// inFA makes an extension element as the profile's sample client writes them: each declares the namespace itself.
func inFA(parent *etree.Element, tag string) *etree.Element {
	e := parent.CreateElement("fa:" + tag)
	e.CreateAttr("xmlns:fa", nsAttributes)
	return e
}

// LogoutRequest asks Chave to end the session of somebody that an earlier answer named. nameID and index may be empty over Portugal's profile,
// which looks at neither.
func (p *Party) LogoutRequest(ctx context.Context, nameID, format, index string) (Message, error) {
	chave, err := p.chave(ctx, false)
	if err != nil {
		return Message{}, err
	}
	if chave.out == "" {
		return Message{}, errors.New("the metadata names no address for signing out")
	}
	root, id, err := p.message("LogoutRequest", chave.out)
	if err != nil {
		return Message{}, err
	}
	if p.cfg.Profile == FA {
		nameID, format, index = unspecified, unspecified, ""
	}
	name := root.CreateElement("saml2:NameID")
	if format != "" {
		name.CreateAttr("Format", format)
	}
	name.SetText(nameID)
	if index != "" {
		root.CreateElement("saml2p:SessionIndex").SetText(index)
	}
	return p.sealed(root, id, chave.out, "SAMLRequest")
}

// logoutResponse answers a logout request of Chave's: done.
func (p *Party) logoutResponse(chave *peer, inResponseTo string) (Message, error) {
	root, id, err := p.message("LogoutResponse", chave.out)
	if err != nil {
		return Message{}, err
	}
	root.CreateAttr("InResponseTo", inResponseTo)
	root.CreateElement("saml2p:Status").CreateElement("saml2p:StatusCode").CreateAttr("Value", success)
	return p.sealed(root, id, chave.out, "SAMLResponse")
}

// message begins one: root, id, version, instant, destination, issuer.
func (p *Party) message(tag, destination string) (*etree.Element, string, error) {
	id, err := p.id()
	if err != nil {
		return nil, "", err
	}
	root := etree.NewElement("saml2p:" + tag)
	root.CreateAttr("xmlns:saml2p", nsProtocol)
	root.CreateAttr("xmlns:saml2", nsAssertion)
	root.CreateAttr("ID", id)
	root.CreateAttr("Version", "2.0")
	root.CreateAttr("IssueInstant", p.cfg.Now().UTC().Format(time.RFC3339Nano))
	root.CreateAttr("Destination", destination)
	root.CreateElement("saml2:Issuer").SetText(p.cfg.EntityID)
	return root, id, nil
}

// sealed signs a message, with the signature where the schema wants it: right after the issuer.
func (p *Party) sealed(root *etree.Element, id, address, field string) (Message, error) {
	signer, err := dsig.NewSigningContext(p.cfg.Key, [][]byte{p.cfg.Certificate})
	if err != nil {
		return Message{}, fmt.Errorf("sign: %w", err)
	}
	signer.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	signature, err := signer.ConstructSignature(root, true)
	if err != nil {
		return Message{}, fmt.Errorf("sign: %w", err)
	}
	root.InsertChildAt(child(root, nsAssertion, "Issuer").Index()+1, signature)
	doc := etree.NewDocument()
	doc.SetRoot(root)
	text, err := doc.WriteToBytes()
	if err != nil {
		return Message{}, fmt.Errorf("write: %w", err)
	}
	return Message{ID: id, Address: address, Field: field, Value: base64.StdEncoding.EncodeToString(text)}, nil
}
