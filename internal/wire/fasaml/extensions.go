package fasaml

import (
	"strconv"
	"strings"

	"chave/internal/format/saml"
	"chave/internal/format/xmldsig"

	"github.com/beevik/etree"
)

// Namespaces of the extensions (§1.4.2).
const (
	nsAttributes = "http://autenticacao.cartaodecidadao.pt/atributos"
	nsTabs       = "http://autenticacao.cartaodecidadao.pt/presentationpolicy"
	nsLogout     = "http://autenticacao.cartaodecidadao.pt/logout"
)

// maxAttributes bounds one request: twice what the catalogue lists.
const maxAttributes = 400

// wanted is what the extensions of an AuthnRequest ask for.
type wanted struct {
	Attributes []wantedAttribute
	Level      int // 0 when none is named
	Tabs       TabPolicy
}

// wantedAttribute is one RequestedAttribute. FriendlyName is not read: people are shown our own words for what is asked (§1.4.2).
type wantedAttribute struct {
	Name       string   `json:"name"` // as sent, parameters and white space included
	NameFormat string   `json:"format,omitempty"`
	Required   bool     `json:"required,omitempty"`
	OneOf      []string `json:"one_of,omitempty"` // tell the value only if it is one of these
	Limited    bool     `json:"limited,omitempty"`
}

// readExtensions reads the elements it knows by namespace and name, in any order and under any prefix, and ignores all others. ok is false when the attributes or the
// level are not what they must be (§1.4.4, row 8).
func readExtensions(e *etree.Element) (w wanted, ok bool) {
	ok = true
	for _, list := range xmldsig.Children(e, nsAttributes, "RequestedAttributes") {
		for _, one := range xmldsig.Children(list, nsAttributes, "RequestedAttribute") {
			if len(w.Attributes) == maxAttributes {
				return w, false
			}
			a, fine := readAttribute(one)
			w.Attributes = append(w.Attributes, a)
			ok = ok && fine
		}
	}
	level, fine := readLevel(e)
	w.Level = level
	w.Tabs = readTabs(e)
	return w, ok && fine && len(w.Attributes) > 0
}

func readAttribute(e *etree.Element) (a wantedAttribute, ok bool) {
	a.Name, a.NameFormat = xmldsig.Attr(e, "Name"), xmldsig.Attr(e, "NameFormat")
	a.Required, ok = readRequired(xmldsig.Attr(e, "isRequired"))
	for _, v := range xmldsig.Children(e, saml.NSAssertion, "AttributeValue") {
		a.Limited = true
		a.OneOf = append(a.OneOf, xmldsig.Text(v))
	}
	return a, ok && strings.TrimSpace(a.Name) != ""
}

// readRequired knows the spellings that clients of several platforms write; absent is false.
func readRequired(text string) (required, ok bool) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "true", "1":
		return true, true
	case "false", "0", "":
		return false, true
	}
	return false, false
}

// readLevel takes FAAALevel, or STORK's level where that is absent.
func readLevel(e *etree.Element) (level int, ok bool) {
	found := xmldsig.Children(e, nsAttributes, "FAAALevel")
	if len(found) == 0 {
		found = xmldsig.Children(e, saml.NSMetadata, "QualityAuthenticationAssuranceLevel")
	}
	if len(found) == 0 {
		return 0, true
	}
	level, err := strconv.Atoi(xmldsig.Text(found[0]))
	return level, err == nil && len(found) == 1 && level >= 1 && level <= 4
}

func readTabs(e *etree.Element) (p TabPolicy) {
	for _, policy := range xmldsig.Children(e, nsTabs, "AuthTabPresentationPolicies") {
		for _, t := range xmldsig.Children(policy, nsTabs, "hideAuthTab") {
			p.Hide = append(p.Hide, Tab(xmldsig.Attr(t, "TabId")))
		}
		for _, t := range xmldsig.Children(policy, nsTabs, "defaultSelectedAuthTab") {
			p.Default = append(p.Default, Tab(xmldsig.Attr(t, "TabId")))
		}
	}
	return p
}
