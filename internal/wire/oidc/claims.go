package oidc

import (
	"slices"
	"strings"

	"chave/internal/core/consent"
	"chave/internal/core/service"
)

// claim is one line of the table that gives attributes their claim names and scopes.
type claim struct {
	name      string
	attribute consent.Name
	scope     string
	value     func(consent.Value) any
	narrow    consent.Name // the attribute that is this claim alone; when a service is registered for that one, this line asks for nothing
}

// claimTable is all that a service can learn, beside who signed in, when and how:
//
//	scope             claims                                             attributes
//	profile           name, given_name, family_name, birthdate           full_name, given_names, surnames, birth_date
//	email             email, email_verified                              email
//	phone             phone_number, phone_number_verified                phone
//	document          document_type, document_country, document_number   document
//	address           address (OIDC Core §5.1.1)                         address
//	nic, nif, niss, nsns, nationality, document_expires, key_expires, card_number, can_sign, card_details, employment, health_scheme, driving_licence, powers:
//	                  the claim and the attribute of the same name
//
// A scope asks for those of its attributes that the service is registered for, and for no others. So does the claims parameter, claim by claim. Whatever the
// person agrees to share is in the userinfo answer and in the ID token. Contacts are verified at registration, always. The attribute contacts has no claim of its
// own: it is email and phone.
//
// What another body holds (address, and card_details and after) is in the first ID token of a sign-in and nowhere else: it was asked for once, for this, and is not
// kept for userinfo or a refresh, which would tell it when it is no longer so.
func claimTable() []claim {
	text := func(v consent.Value) any { return v.Text }
	yes := func(consent.Value) any { return true }
	part := func(name string) func(consent.Value) any {
		return func(v consent.Value) any { return v.Parts[name] }
	}
	// E.164 without separators (OIDC Core §5.1).
	phone := func(v consent.Value) any { return strings.ReplaceAll(v.Text, " ", "") }
	table := []claim{
		{"name", consent.FullName, "profile", text, ""},
		{"given_name", consent.FullName, "profile", part("given_names"), consent.GivenNames}, // who may know the whole name may know its halves
		{"family_name", consent.FullName, "profile", part("surnames"), consent.Surnames},
		{"given_name", consent.GivenNames, "profile", text, ""},
		{"family_name", consent.Surnames, "profile", text, ""},
		{"birthdate", consent.BirthDate, "profile", text, ""},
		{"email", consent.Email, "email", text, ""},
		{"email_verified", consent.Email, "email", yes, ""},
		{"phone_number", consent.Phone, "phone", phone, ""},
		{"phone_number_verified", consent.Phone, "phone", yes, ""},
		{"document_type", consent.Document, "document", part("type"), ""},
		{"document_country", consent.Document, "document", part("country"), ""},
		{"document_number", consent.Document, "document", part("number"), ""},
		{"address", consent.Address, "address", addressClaim, ""},
	}
	for _, same := range []consent.Name{
		consent.NIC, consent.NIF, consent.NISS, consent.NSNS, consent.Nationality, consent.DocumentExpires, consent.KeyExpires, consent.CardNumber,
	} {
		table = append(table, claim{string(same), same, string(same), text, ""})
	}
	table = append(table, claim{string(consent.CanSign), consent.CanSign, string(consent.CanSign), func(v consent.Value) any { return v.Text == "true" }, ""})
	for _, same := range []consent.Name{consent.CardDetails, consent.Employment, consent.HealthScheme, consent.DrivingLicence, consent.Powers} {
		table = append(table, claim{string(same), same, string(same), partsClaim, ""})
	}
	return table
}

const (
	scopeOpenID  = "openid"
	scopeOffline = "offline_access"
)

func scopeNames() []string {
	names := []string{scopeOpenID, scopeOffline}
	for _, c := range claimTable() {
		if !slices.Contains(names, c.scope) {
			names = append(names, c.scope)
		}
	}
	return names
}

func claimNames() []string {
	names := []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash"}
	for _, c := range claimTable() {
		if !slices.Contains(names, c.name) {
			names = append(names, c.name)
		}
	}
	return names
}

// scopesFor keeps the scopes that mean something here: openid, offline_access where the service may refresh, and those that ask for at least one
// attribute of its registration. Others are ignored (OIDC Core §3.1.2.1), and the token answer says what was granted.
func scopesFor(s service.Service, asked []string) []string {
	var kept []string
	for _, scope := range asked {
		switch {
		case scope == scopeOpenID, scope == scopeOffline && s.Refresh, len(attributesOf(s, scope)) > 0:
			kept = append(kept, scope)
		}
	}
	return kept
}

func attributesOf(s service.Service, scope string) []consent.Name {
	var names []consent.Name
	for _, c := range claimTable() {
		if _, listed := s.Allowed(c.attribute); c.scope == scope && listed && !slices.Contains(names, c.attribute) {
			names = append(names, c.attribute)
		}
	}
	return names
}

// asksFor lists what the person is asked to share, in the catalogue's order. An attribute is required when the registration says so or the
// service calls its claim essential; what the registration does not list is never asked for. named are those that the claims parameter asked for, to be released
// whatever the scopes of a token.
func asksFor(s service.Service, scopes []string, wants claimsRequest) (asks []consent.Ask, named []consent.Name) {
	requested, essential := map[consent.Name]bool{}, map[consent.Name]bool{}
	for _, c := range claimTable() {
		if slices.Contains(scopes, c.scope) {
			requested[c.attribute] = true
		}
		_, narrower := s.Allowed(c.narrow)
		_, listed := s.Allowed(c.attribute)
		if one, asked := wants.named(c.name); asked && listed && !narrower {
			requested[c.attribute] = true
			essential[c.attribute] = essential[c.attribute] || one.Essential
			if !slices.Contains(named, c.attribute) {
				named = append(named, c.attribute)
			}
		}
	}
	for _, a := range consent.Catalogue() {
		if listed, ok := s.Allowed(a.Name); ok && requested[a.Name] {
			asks = append(asks, consent.Ask{Name: a.Name, Required: listed.Required || essential[a.Name]})
		}
	}
	return asks, named
}

// released turns shared values into claims. only limits them to the scopes of one token, plus what the claims parameter named.
func released(values map[consent.Name]consent.Value, scopes []string, named []consent.Name, into map[string]any) {
	for _, c := range claimTable() {
		value, shared := values[c.attribute]
		if !shared || (!slices.Contains(scopes, c.scope) && !slices.Contains(named, c.attribute)) {
			continue
		}
		if v := c.value(value); v != "" {
			into[c.name] = v
		}
	}
}
