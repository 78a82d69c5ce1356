package fasaml

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"chave/internal/core/consent"
	"chave/internal/core/fault"
	"chave/internal/core/service"
	"chave/internal/format/xmldsig"
)

func faultOf(code string) error { return fault.New(fault.Code(code)) }

func TestR5_22_tabs_by_level_and_policy(t *testing.T) {
	cc, cmd, upp, rss, qr := TabCard, TabCMD, TabPassword, TabSocial, TabQRCode
	list := func(tabs ...Tab) []Tab { return tabs }
	for _, c := range []struct {
		name   string
		level  int
		policy TabPolicy
		want   Screen
	}{
		{"level 4: the card alone", 4, TabPolicy{}, Screen{list(cc), cc, false}},
		{"level 4: no policy applies", 4, TabPolicy{Hide: list(cc), Default: list(cmd)}, Screen{list(cc), cc, false}},
		{"level 3", 3, TabPolicy{}, Screen{list(cc, cmd), cc, true}},
		{"level 2", 2, TabPolicy{}, Screen{list(cc, cmd), cc, true}},
		{"level 1", 1, TabPolicy{}, Screen{list(cc, cmd, upp, rss), cc, true}},
		{"the usual request: CMD only", 3, TabPolicy{Hide: list(cc), Default: list(cmd)}, Screen{list(cmd), cmd, true}},
		{"a default among several", 3, TabPolicy{Default: list(cmd)}, Screen{list(cc, cmd), cmd, true}},
		{"one hidden: the highest that is left", 1, TabPolicy{Hide: list(cc)}, Screen{list(cmd, upp, rss), cmd, true}},
		{"CMD hidden takes its QR code along", 3, TabPolicy{Hide: list(cmd)}, Screen{list(cc), cc, false}},
		{"QR code hidden inside CMD", 3, TabPolicy{Hide: list(qr)}, Screen{list(cc, cmd), cc, false}},
		{"QR code as default opens CMD", 3, TabPolicy{Default: list(qr)}, Screen{list(cc, cmd), cmd, true}},
		{"hiding what the level does not show", 3, TabPolicy{Hide: list(upp, rss)}, Screen{list(cc, cmd), cc, true}},
		{"hidden twice", 3, TabPolicy{Hide: list(cc, cc)}, Screen{list(cmd), cmd, true}},
		{"a name that is no tab", 3, TabPolicy{Hide: list("", "XX")}, Screen{list(cc, cmd), cc, true}},
		{"contradiction: all visible hidden", 3, TabPolicy{Hide: list(cc, cmd)}, Screen{list(cc, cmd), cc, true}},
		{"contradiction: all hidden and a default", 3, TabPolicy{Hide: list(cc, cmd), Default: list(cmd)}, Screen{list(cc, cmd), cc, true}},
		{"contradiction: the default hidden", 3, TabPolicy{Hide: list(cmd), Default: list(cmd)}, Screen{list(cc, cmd), cc, true}},
		{"contradiction: the default not at this level", 3, TabPolicy{Hide: list(cc), Default: list(upp)}, Screen{list(cc, cmd), cc, true}},
		{"contradiction: two defaults", 3, TabPolicy{Hide: list(cc), Default: list(cmd, cmd)}, Screen{list(cc, cmd), cc, true}},
		{"contradiction: a default that is no tab", 3, TabPolicy{Hide: list(cc), Default: list("XX")}, Screen{list(cc, cmd), cc, true}},
		{"contradiction: the QR code hidden and default", 3, TabPolicy{Hide: list(cc, qr), Default: list(qr)}, Screen{list(cc, cmd), cc, true}},
	} {
		got := Tabs(c.level, c.policy)
		if !slices.Equal(got.Shown, c.want.Shown) || got.Open != c.want.Open || got.QR != c.want.QR {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestRequestedAttributes_are_read_as_clients_write_them(t *testing.T) {
	read := func(content string) (wanted, bool) {
		t.Helper()
		root, err := xmldsig.Parse([]byte(`<Extensions xmlns:a="`+nsAttributes+`" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">`+content+`</Extensions>`), xmldsig.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		return readExtensions(root)
	}
	one := func(rest string) string {
		return `<a:RequestedAttributes><a:RequestedAttribute Name="n" ` + rest + `</a:RequestedAttribute></a:RequestedAttributes>`
	}
	for text, want := range map[string]bool{"True": true, "true": true, "TRUE": true, "1": true, "False": false, "false": false, "0": false, " true ": true, "": false} {
		if w, ok := read(one(`isRequired="` + text + `">`)); !ok || w.Attributes[0].Required != want {
			t.Errorf("isRequired %q is %v %v", text, w.Attributes, ok)
		}
	}
	if w, ok := read(one(`FriendlyName="Nome" xmlns:x="urn:x" x:y="z">`)); !ok || w.Attributes[0].Required {
		t.Error("without isRequired")
	}
	if _, ok := read(one(`isRequired="sim">`)); ok {
		t.Error("isRequired takes anything")
	}
	w, ok := read(one(`><saml:AttributeValue>1</saml:AttributeValue><saml:AttributeValue> 2 </saml:AttributeValue>`) + `<a:FAAALevel>2</a:FAAALevel>`)
	if !ok || !w.Attributes[0].Limited || !slices.Equal(w.Attributes[0].OneOf, []string{"1", "2"}) || w.Level != 2 {
		t.Errorf("%+v", w)
	}
	for name, content := range map[string]string{
		"nothing": "", "no attribute in the list": `<a:RequestedAttributes/>`, "one without a name": `<a:RequestedAttributes><a:RequestedAttribute/></a:RequestedAttributes>`,
		"a blank name":                         `<a:RequestedAttributes><a:RequestedAttribute Name=" "/></a:RequestedAttributes>`,
		"another namespace":                    `<RequestedAttributes><RequestedAttribute Name="n"/></RequestedAttributes>`,
		"more attributes than there are names": `<a:RequestedAttributes>` + strings.Repeat(`<a:RequestedAttribute Name="n"/>`, maxAttributes+1) + `</a:RequestedAttributes>`,
	} {
		if _, ok := read(content); ok {
			t.Errorf("%s: taken", name)
		}
	}
	for _, bad := range []string{"0", "5", "-1", "", "x", "3.0", "99999999999999999999"} {
		if _, ok := read(one(">") + `<a:FAAALevel>` + bad + `</a:FAAALevel>`); ok {
			t.Errorf("level %q is taken", bad)
		}
	}
	if _, ok := read(one(">") + `<a:FAAALevel>3</a:FAAALevel><a:FAAALevel>1</a:FAAALevel>`); ok {
		t.Error("two levels are taken")
	}
}

func TestAnswers_tell_each_name_as_asked(t *testing.T) {
	nic, full := "http://interop.gov.pt/MDC/Cidadao/NIC", "http://interop.gov.pt/MDC/Cidadao/NomeCompleto"
	s := service.Service{Settings: service.Settings{
		Attributes: []service.Ask{{Name: consent.NIC}, {Name: consent.FullName}}, SAML: &service.SAML{Wire: service.WireFA},
	}}
	both := consent.Answered{
		Holder: consent.PortugueseCard, Shared: []consent.Name{consent.NIC, consent.FullName},
		Values: map[consent.Name]consent.Value{consent.NIC: {Text: "10000000"}, consent.FullName: {Text: "MARIA EXEMPLO"}},
	}
	one := func(a wantedAttribute, answered consent.Answered) string {
		got := answers(s, []wantedAttribute{a}, answered)
		return fmt.Sprintf("%s|%s|%s|%s", got[0].Name, got[0].NameFormat, got[0].State, got[0].Value)
	}
	for _, c := range []struct {
		name string
		ask  wantedAttribute
		want string
	}{
		{"a value", wantedAttribute{Name: nic, NameFormat: "urn:f"}, nic + "|urn:f|Available|10000000"},
		{"white space is echoed", wantedAttribute{Name: " " + nic}, " " + nic + "||Available|10000000"},
		{"one of the values listed", wantedAttribute{Name: nic, Limited: true, OneOf: []string{"2", "10000000"}}, nic + "||Available|10000000"},
		{"none of the values listed", wantedAttribute{Name: nic, Limited: true, OneOf: []string{"2", ""}}, nic + "||NotAvailable|"},
		{"unknown under a known root", wantedAttribute{Name: "http://interop.gov.pt/MDC/Cidadao/NIE?a=b$c=d"}, "http://interop.gov.pt/MDC/Cidadao/NIE?a=b$c=d||NotAvailable|"},
		{"consent skip without the right", wantedAttribute{Name: consent.SkipConsentURI}, consent.SkipConsentURI + "||NotAvailable|"},
	} {
		if got := one(c.ask, both); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if got := one(wantedAttribute{Name: full, Limited: true}, consent.Answered{Refused: []consent.Name{consent.FullName}}); got != full+"||Withheld|" {
		t.Errorf("a refused one with a filter: %s", got)
	}
	if got := one(wantedAttribute{Name: full}, consent.Answered{Shared: []consent.Name{consent.FullName}, Pending: []consent.Name{consent.FullName}}); got != full+"||NotAvailable|" {
		t.Errorf("pending: %s", got)
	}
	s.Attributes = s.Attributes[:1]
	if got := one(wantedAttribute{Name: full}, both); got != full+"||NotAvailable|" {
		t.Errorf("an attribute that the operator took away meanwhile: %s", got)
	}
	s.SAML.SkipConsent = true
	if got := one(wantedAttribute{Name: " " + consent.SkipConsentURI}, both); got != " "+consent.SkipConsentURI+"||Available|1" {
		t.Errorf("consent skip with the right: %s", got)
	}
}

func TestErrorMatrix_row_by_row(t *testing.T) {
	const urn = "urn:oasis:names:tc:SAML:2.0:status:"
	for _, c := range []struct {
		situation, top, second, says string
		codes                        []fault.Code
	}{
		{"the person says no", "Responder", "AuthnFailed", "User has canceled the process of obtaining attributes", []fault.Code{fault.RefusedByPerson, fault.RequiredNotShared}},
		{"PIN or code wrong until blocked", "Responder", "AuthnFailed", "It was not possible to authenticate the user", []fault.Code{
			fault.WaitUntil, fault.TriesUsedUp, fault.KeyBlocked, fault.KeyEnded, fault.DocumentExpired, fault.TooManyCodes, fault.TemporaryPINExpired, fault.SessionNeeded,
			fault.Deceased,
		}},
		{"the flow timed out", "Responder", "AuthnFailed", "The authentication session has expired", []fault.Code{fault.LoginExpired}},
		{"no means for the level", "Responder", "AuthnFailed", "No authentication mechanism satisfies the requested level", []fault.Code{fault.LevelTooLow, fault.NoChannel}},
		{"attributes missing or malformed", "Requester", "InvalidAttrNameOrValue", "Unexpected or invalid content in the requested attributes", []fault.Code{fault.AttributesInvalid}},
		{"an index or a binding", "Requester", "RequestUnsupported", "The request uses an unsupported feature", []fault.Code{fault.FeatureUnsupported}},
		{"stale, repeated, misdirected, not allowed", "Requester", "RequestDenied", "The request has not been processed", []fault.Code{
			fault.MessageStale, fault.MessageRepeated, fault.DestinationWrong, fault.AttributeNotAllowed, fault.MessageUnexpected,
		}},
		{"passive", "Responder", "NoPassive", "The user has to take part in the authentication", []fault.Code{fault.PassiveImpossible}},
		{"our failure", "Responder", "", "Internal error", []fault.Code{fault.InternalError, fault.StoreUnavailable}},
	} {
		for _, code := range c.codes {
			v := verdictOf(fmt.Errorf("doing: %w", fault.New(code)))
			second, message := "", urn+c.top+" ("+c.says+")."
			if c.second != "" {
				second, message = urn+c.second, urn+c.second+" ("+c.says+")."
			}
			if v.Top != urn+c.top || v.Second != second || v.message() != message {
				t.Errorf("%s (%s): %+v %q", c.situation, code, v, v.message())
			}
		}
	}
	if v := verdictOf(fmt.Errorf("plain")); v.Says != "Internal error" {
		t.Errorf("an unclassified error: %+v", v)
	}
}

func TestLogoutAddresses_lie_under_the_registered_domain(t *testing.T) {
	s := service.Service{Settings: service.Settings{SAML: &service.SAML{Logout: "http://localhost:81/bye", LogoutDomain: "Sp.Example.test"}}}
	for to, want := range map[string]bool{
		"http://localhost:81/bye": true, "https://sp.example.test/out": true, "https://a.b.SP.example.test:8443/out?x=y": true,
		"": false, "http://sp.example.test/out": false, "https://evil-sp.example.test/": false, "https://sp.example.test.evil.test/": false,
		"https://sp.example.test@evil.test/": false, "https://user@sp.example.test/": false, "javascript:alert(1)//sp.example.test": false, "//sp.example.test/": false,
		"https://evil.test/sp.example.test": false, "https://sp.example.test/#f": false, "https://example.test/": false, "https://[sp.example.test/": false,
		"https://evil.test\\.sp.example.test/": false, "https://sp.example.test/" + strings.Repeat("a", 2048): false,
	} {
		if got := mayAnswerLogout(s, to); got != want {
			t.Errorf("%.60q: %v", to, got)
		}
	}
	s.SAML.LogoutDomain = ""
	if mayAnswerLogout(s, "https://sp.example.test/out") {
		t.Error("the dynamic method is on without a domain")
	}
}

func TestDestinations_are_ours_in_any_letter_case(t *testing.T) {
	p := &Provider{Issuer: "https://fa.example.test", Aliases: []string{"https://old.example.test", "https://third.example.test/FA/Default.aspx"}}
	for to, want := range map[string]bool{
		"https://fa.example.test/fa/Default.aspx": true, "HTTPS://FA.example.test/FA/DEFAULT.ASPX?Modal=true": true, "https://fa.example.test/fa/": true,
		"https://fa.example.test/fa/Logout.ashx": true, "https://old.example.test/Default.aspx": true, "https://third.example.test/fa/default.aspx": true,
		"https://third.example.test/fa/": false, "https://fa.example.test/": false, "https://fa.example.test/oauth2/token": false, "http://fa.example.test/fa/": false,
		"https://evil.test/fa/Default.aspx": false, "https://fa.example.test.evil.test/fa/": false, "https://x@fa.example.test/fa/": false, "/fa/Default.aspx": false, "%": false,
	} {
		if got := p.meansUs(to); got != want {
			t.Errorf("%q: %v", to, got)
		}
	}
}

func TestAddress_is_an_address_or_nothing(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.10": "192.0.2.10", "2001:db8::1": "2001:db8::1", "::ffff:192.0.2.1": "192.0.2.1", "fe80::1%eth0": "fe80::1", "2001:db8::/64": "", "proxy": "", "": "",
	} {
		if got := address(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
