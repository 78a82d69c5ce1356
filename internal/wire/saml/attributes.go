package saml

import (
	"slices"
	"strings"
	"sync"

	"chave/internal/core/consent"
	"chave/internal/core/service"
	format "chave/internal/format/saml"
)

// asksOf lists what the person is asked to share: all that the service is registered for, because a request of the standard's profile names no attributes; what
// it may ask for beside, on this wire, is never required.
func asksOf(s service.Service) []consent.Ask {
	var asks []consent.Ask
	for _, a := range consent.Catalogue() {
		if listed, ok := s.Allowed(a.Name); ok {
			asks = append(asks, consent.Ask{Name: a.Name, Required: listed.Required})
		} else if s.MayAsk(service.WireSAML, a.Name) {
			asks = append(asks, consent.Ask{Name: a.Name})
		}
	}
	return asks
}

// attribute is one line of the table that gives attributes their SAML names.
type attribute struct {
	of       consent.Name
	name     string
	friendly string
	value    func(consent.Value) string
}

// attributeTable is all that a service can learn with attribute_names oid or friendly. It is written once, for each answer walks through it:
//
//	displayName, givenName, sn    full_name; given_names, surnames    RFC 2798 §2.3, X.520 (RFC 4519 §2.12, §2.32)
//	mail, mobile                  email, phone                        RFC 4524 §2.16, §2.18; the phone in E.164
//	DateOfBirth                   birth_date                          eIDAS attribute profile 1.4 §2.2.3, YYYY-MM-DD
//	nic, nif, niss, nsns          the attribute of the same name      as Portugal's public services name them (cmd-authentication.md §1.9)
//	document_type, …_country, …_number    document                    ours, and so is whatever else the catalogue holds: nobody else has a name for it
//
// Names of Portugal's catalogue are used only where the value is the same too; attribute_names uri has both, names and values, from there.
var attributeTable = sync.OnceValue(func() []attribute {
	part := func(name string) func(consent.Value) string {
		return func(v consent.Value) string { return v.Parts[name] }
	}
	const (
		person = "http://eidas.europa.eu/attributes/naturalperson/"
		ours   = "urn:chave:attribute:"
		public = "http://interop.gov.pt/MDC/Cidadao/"
	)
	table := []attribute{
		{consent.FullName, "urn:oid:2.16.840.1.113730.3.1.241", "displayName", textOf},
		{consent.FullName, "urn:oid:2.5.4.42", "givenName", part("given_names")}, // who may know the whole name may know its halves
		{consent.FullName, "urn:oid:2.5.4.4", "sn", part("surnames")},
		{consent.GivenNames, "urn:oid:2.5.4.42", "givenName", textOf},
		{consent.Surnames, "urn:oid:2.5.4.4", "sn", textOf},
		{consent.BirthDate, person + "DateOfBirth", "DateOfBirth", textOf},
		{consent.NIC, public + "NIC", "nic", textOf},
		{consent.NIF, public + "NIF", "nif", textOf},
		{consent.NISS, public + "NISS", "niss", textOf},
		{consent.NSNS, public + "NSNS", "nsns", textOf},
		{consent.Document, ours + "document_type", "document_type", part("type")},
		{consent.Document, ours + "document_country", "document_country", part("country")},
		{consent.Document, ours + "document_number", "document_number", part("number")},
		{consent.Phone, "urn:oid:0.9.2342.19200300.100.1.41", "mobile", func(v consent.Value) string { return strings.ReplaceAll(v.Text, " ", "") }},
		{consent.Email, "urn:oid:0.9.2342.19200300.100.1.3", "mail", textOf},
	}
	for _, a := range consent.Catalogue() {
		if !slices.ContainsFunc(table, func(in attribute) bool { return in.of == a.Name }) {
			table = append(table, attribute{a.Name, ours + string(a.Name), string(a.Name), textOf})
		}
	}
	return table
})

func textOf(v consent.Value) string { return v.Text }

// released is one attribute of an answer.
type released struct{ name, nameFormat, friendly, value string }

// release lists what the person shared, under the names that the service is registered for. What the registration no longer holds is left out, and so is what has
// no value: the standard has no word for an attribute that could not be had.
func release(s service.Service, answered consent.Answered) []released {
	if s.SAML.AttributeNames == "uri" {
		return releaseByURI(s, answered)
	}
	var all []released
	seen := map[string]bool{}
	for _, a := range attributeTable() {
		v, state := answered.Of(a.of)
		if state != consent.Available || !s.MayAsk(service.WireSAML, a.of) || seen[a.name] {
			continue
		}
		text := a.value(v)
		if text == "" {
			continue
		}
		seen[a.name] = true
		if s.SAML.AttributeNames == "friendly" {
			all = append(all, released{a.friendly, format.AttrNameBasic, "", text})
			continue
		}
		all = append(all, released{a.name, format.AttrNameURI, a.friendly, text})
	}
	return all
}

// publicNames lists the names of Portugal's catalogue that a service gets with attribute_names uri, in the order of cmd-authentication.md §1.9: for what Chave holds the
// names of the citizen's family, one for each thing; for the rest those of the family that its source has. How each is written is core/consent's, which
// both wires of CMD answer from.
var publicNames = sync.OnceValue(func() []string {
	const mdc = "http://interop.gov.pt/MDC/Cidadao/"
	var names []string
	told := map[consent.Name]bool{}
	for _, last := range []string{
		"NIC", "NomeProprio", "NomeApelido", "NomeCompleto", "DataNascimento", "NIF", "NISS", "NSNS", "DataValidade", "DataValidadeDoc", "Nacionalidade",
		"TemAssinaturaDigitalCMD", "CorreioElectronico", "NumeroTelemovel", "DocType", "DocNationality", "DocNumber", "CodigoNacionalidade",
	} {
		names = append(names, mdc+last)
		if one, ok := consent.ReadAsked(mdc + last); ok {
			told[one.Spelling.Name] = true
		}
	}
	for _, one := range consent.Spellings() {
		if one.Name != "" && !told[one.Name] && !strings.HasPrefix(one.URI, mdc) && strings.HasPrefix(one.URI, "http://interop.gov.pt/") {
			names = append(names, one.URI)
		}
	}
	return names
})

func releaseByURI(s service.Service, answered consent.Answered) []released {
	var asked []consent.Asked
	for _, uri := range publicNames() {
		if one, ok := consent.ReadAsked(uri); ok && one.Spelling.Name != "" && s.MayAsk(service.WireSAML, one.Spelling.Name) {
			asked = append(asked, one)
		}
	}
	var all []released
	for _, one := range asked {
		if text, state := one.Answer(asked, answered); state == consent.Available {
			all = append(all, released{one.As, format.AttrNameURI, "", text})
		}
	}
	return all
}
