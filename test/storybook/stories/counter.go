package stories

import (
	"net/http"
	"time"

	"chave/internal/core/credential"
	"chave/internal/page/counter"
	"chave/internal/page/ui"
)

const casePath = "/counter/cases/h2j4k6m8n1p3q5r7s9t2v4w6x8"

func desk(problems ...ui.Problem) counter.Case {
	return counter.Case{
		Form:    ui.Form{Action: casePath, Step: "document", Problems: problems},
		Account: ui.Account{Name: "Rui Operador", SignOut: "/counter/signout"},
		Path:    casePath,
		Name:    "Agnieszka Maria Wiśniewska-Łukasiewicz",
	}
}

// inventedPIN is never anybody's: a story needs six digits to show.
func inventedPIN() credential.PIN {
	pin, err := credential.ParsePIN("730951")
	if err != nil {
		return credential.PIN{}
	}
	return pin
}

func counterStories() []Story {
	fresh := desk()
	fresh.Name = ""
	typed := counter.Document{
		Case: fresh, Type: "passport", Number: "XX9000017", Issuer: "POL", Expires: "2031-05-02", Surnames: "Wiśniewska-Łukasiewicz",
		GivenNames: "Agnieszka Maria", BirthDate: "1988-03-09", Nationality: "POL",
		Zone: "P<POLWISNIEWSKA<LUKASIEWICZ<<AGNIESZKA<MARIA\nXX9000017<POL8803094F3105024<<<<<<<<<<<<<<<6",
	}
	mismatch := typed
	mismatch.Problems = []ui.Problem{
		{Field: "birth_date", Code: "CH-1407", Args: []any{"Zone", "1988-03-09", "Typed", "1988-09-03"}},
		{Field: "country", Code: "CH-1403"},
		{Field: "surnames", Code: "CH-1407", Args: []any{"Zone", "WISNIEWSKA LUKASIEWICZ", "Typed", "Wisniewski"}},
		{Field: "zone", Code: "CH-1406", Args: []any{"Line", 2}},
	}
	mismatch.BirthDate, mismatch.Surnames, mismatch.Issuer, mismatch.Back = "1988-09-03", "Wisniewski", "", casePath
	differs := typed
	differs.Problems = []ui.Problem{{Field: "given_names", Code: "CH-1410", Args: []any{"Registered", "Agnieszka Maria", "Typed", "Agnieszka"}}}
	card := counter.Document{Case: fresh, Type: "identity_card"}
	passport := ui.Document{Type: "passport", Country: "POL", Number: "XX9000017", Expires: day(2031, time.May, 2)}
	all := []Story{
		{"counter: home", "/story/counter/home", http.StatusOK, counter.Home{Account: fresh.Account, Action: "/counter/cases", Cases: []counter.Line{
			{Path: casePath, Name: "Agnieszka Maria Wiśniewska-Łukasiewicz", Document: "passport", At: Now().Add(-10 * time.Minute), State: "contacts"},
			{Path: casePath, At: Now().Add(-30 * time.Minute), State: "document"},
			{Path: casePath, Name: "Tomás Reis", Document: "citizen_card", At: Now().Add(-40 * time.Minute), State: "issued"},
			{Path: casePath, Name: "Beatriz Nunes", Document: "citizen_card", At: Now().Add(-90 * time.Minute), State: "refused"},
			{Path: casePath, Name: "João Inácio", Document: "residence_permit", At: Now().Add(-120 * time.Minute), State: "done"},
		}}},
		{"counter: home, nothing yet", "/story/counter/home-empty", http.StatusOK, counter.Home{Account: fresh.Account}},
		{"counter: not an operator", "/story/counter/not-operator", http.StatusForbidden, counter.NotOperator{Account: ui.Account{Name: "Maria Gonçalves", SignOut: "/counter/signout"}, Code: "CH-1113"}},
		{"counter: which document", "/story/counter/type", http.StatusOK, counter.Type{Case: fresh, Chosen: "passport"}},
		{"counter: which document, none chosen", "/story/counter/type-missing", http.StatusUnprocessableEntity, counter.Type{Case: caseWith(fresh, ui.Problem{Field: "type", Code: "CH-1403"})}},
		{"counter: document, empty identity card", "/story/counter/document-card", http.StatusOK, card},
		{"counter: document, filled passport", "/story/counter/document", http.StatusOK, typed},
		{"counter: document, zone and typing differ", "/story/counter/document-mismatch", http.StatusUnprocessableEntity, mismatch},
		{"counter: document, registry differs", "/story/counter/document-differs", http.StatusForbidden, differs},
		{"counter: attest a foreign passport", "/story/counter/attest", http.StatusOK, counter.Attest{Case: desk(), Document: passport}},
		{"counter: attest, one missing", "/story/counter/attest-missing", http.StatusForbidden, counter.Attest{
			Case: desk(ui.Problem{Field: "holder_present", Code: "CH-1419"}), Document: passport, Checked: []string{"photo_matches", "document_genuine"}}},
		{"counter: contacts", "/story/counter/contacts", http.StatusOK, counter.Contacts{Case: desk(), NeedsPhone: true, Speaks: "en"}},
		{"counter: contacts, code sent and wrong", "/story/counter/contacts-wrong", http.StatusForbidden, counter.Contacts{
			Case: desk(ui.Problem{Field: "phone_code", Code: "CH-1206"}), Phone: "+44 7700900678", PhoneState: "sent", PhoneUntil: Now().Add(4 * time.Minute), Speaks: "en", NeedsPhone: true}},
		{"counter: contacts, proven", "/story/counter/contacts-proven", http.StatusOK, counter.Contacts{
			Case: desk(), Phone: "+44 7700900678", PhoneState: "proven", Email: "agnieszka@exemplo.pt", EmailState: "sent", EmailUntil: Now().Add(5 * time.Minute), Speaks: "en", NeedsPhone: true}},
		{"counter: contacts, phone taken", "/story/counter/contacts-taken", http.StatusConflict, counter.Contacts{
			Case: desk(ui.Problem{Field: "phone", Code: "CH-1417"}), Phone: "+351 912345678", Speaks: "pt"}},
		{"counter: numbers", "/story/counter/numbers", http.StatusOK, counter.Numbers{
			Case: desk(), NIF: counter.Number{Value: "900000018", Fixed: true}, NISS: counter.Number{Services: []string{"Segurança Social"}},
			NSNS: counter.Number{Services: []string{"Serviço de Saúde", "Hospital da Praia"}}}},
		{"counter: numbers, wrong and missing", "/story/counter/numbers-wrong", http.StatusUnprocessableEntity, counter.Numbers{
			Case: desk(ui.Problem{Field: "nif", Code: "CH-1403"}, ui.Problem{Field: "niss", Code: "CH-1404"}), NIF: counter.Number{Required: true, Services: []string{"Portal dos Impostos"}},
			NISS: counter.Number{Value: "12345", Services: []string{"Segurança Social"}}}},
		{"counter: numbers, services that stay shut", "/story/counter/numbers-never", http.StatusOK, counter.Numbers{
			Case: desk(), NIF: counter.Number{Value: "900000018"}, Never: []string{"Serviço de Saúde"}}},
		{"counter: already has a key", "/story/counter/held", http.StatusOK, counter.Held{Case: desk(), Document: passport, Reason: ui.Problem{Code: "CH-1416"}}},
		{"counter: temporary PIN", "/story/counter/pin", http.StatusOK, counter.TemporaryPIN{
			Case: desk(), PIN: inventedPIN(), Until: Now().Add(24 * time.Hour), SignIn: "http://localhost:8080/key", Next: casePath}},
		{"counter: waiting for the first sign-in", "/story/counter/first", http.StatusOK, counter.FirstSignIn{Case: desk(), Until: Now().Add(24 * time.Hour), SignIn: "http://localhost:8080/key"}},
		{"counter: first sign-in done", "/story/counter/first-done", http.StatusOK, counter.FirstSignIn{Case: desk(), Done: true, Signature: "http://localhost:8080/key/signature"}},
	}
	for _, outcome := range []string{"found", "not_covered", "not_found", "differs", "unavailable"} {
		v := counter.Registry{Case: desk(), Outcome: outcome, Document: passport, BirthDate: day(1988, time.March, 9), Nationality: "POL"}
		switch outcome {
		case "found", "not_covered":
			v.Next = casePath
		default:
			v.Retry, v.Code = casePath, map[string]string{"not_found": "CH-1409", "differs": "CH-1410", "unavailable": "CH-1408"}[outcome]
		}
		all = append(all, Story{"counter: registry, " + outcome, "/story/counter/registry-" + outcome, http.StatusOK, v})
	}
	for _, reason := range []string{"CH-1409", "CH-1411", "CH-1412", "CH-1413", "CH-1414", "CH-1415", "CH-1416", "CH-1423"} {
		v := counter.Refused{Case: desk(), Reason: ui.Problem{Code: reason}}
		if reason == "CH-1411" {
			v.Reason.Args = []any{"Years", 16}
		}
		if reason == "CH-1409" || reason == "CH-1414" {
			v.Retry = casePath
		}
		all = append(all, Story{"counter: refused, " + reason, "/story/counter/refused-" + reason, http.StatusOK, v})
	}
	return all
}

func caseWith(c counter.Case, problems ...ui.Problem) counter.Case {
	c.Problems = problems
	return c
}
