package stories

import (
	"net/http"
	"time"

	"chave/internal/page/signin"
	"chave/internal/page/ui"
)

func hospital() ui.Service {
	return ui.Service{Name: "Hospital da Praia", Category: "hospital", Return: "http://localhost:8104/callback", Home: "http://localhost:8104/"}
}

func tax() ui.Service {
	return ui.Service{Name: "Portal dos Impostos", Category: "tax", Return: "http://localhost:8101/callback", Home: "http://localhost:8101/"}
}

func task(s ui.Service, step string, at int, problems ...ui.Problem) signin.Task {
	return signin.Task{
		Form:    ui.Form{Action: "/signin/k3v7q2mzt4y5x6w8a9b1c2d3e4", Step: step, Problems: problems},
		Service: s, At: at, Of: 3,
	}
}

func signinStories() []Story {
	wanted := []signin.Wanted{{Name: "full_name"}, {Name: "birth_date"}, {Name: "document"}, {Name: "nsns", Optional: true}, {Name: "phone", Optional: true}}
	until := Now().Add(5 * time.Minute)
	back := task(hospital(), "pin", 2)
	back.Back = true
	code := signin.Code{Task: task(hospital(), "code", 3), Channel: "sms", To: "••• ••• 678", Until: until, AgainAt: Now().Add(time.Minute)}
	again := code
	again.Again, again.OtherWay, again.Lowers = true, "email", true
	anew := again
	anew.SentAnew = true
	wrong := code
	wrong.Task = task(hospital(), "code", 3, ui.Problem{Field: "code", Code: "CH-1214"})
	byEmail := signin.Code{Task: task(hospital(), "code", 3), Channel: "email", To: "m•••@exemplo.pt", Until: until, Again: true}
	consent := signin.Consent{Offline: true,
		Task:      task(hospital(), "consent", 3),
		Purpose:   "Marcar consultas e mostrar-lhe os seus exames.",
		Retention: "Cinco anos depois da última consulta.",
		Attributes: []signin.Attribute{
			{Name: "full_name", Text: "Agnieszka Maria Wiśniewska-Łukasiewicz"},
			{Name: "birth_date", Day: time.Date(1988, 3, 9, 0, 0, 0, 0, time.UTC)},
			{Name: "nationality", Country: "POL"},
			{Name: "document", Document: &ui.Document{Type: "passport", Country: "POL", Number: "XX9000017", Expires: time.Date(2031, 5, 2, 0, 0, 0, 0, time.UTC)}},
			{Name: "nif", Missing: true},
			{Name: "nic", Missing: true, Never: true},
			{Name: "nsns", Optional: true, Missing: true},
			{Name: "phone", Text: "+44 7700 900678", Optional: true, Ticked: true},
			{Name: "email", Text: "agnieszka@exemplo.pt", Optional: true},
		},
	}
	single := consent
	single.Person, single.At, single.Of = "Agnieszka Maria Wiśniewska-Łukasiewicz", 0, 0
	single.Attributes = consent.Attributes[:3]
	sourced := consent
	sourced.Offline = false
	sourced.Attributes = []signin.Attribute{
		{Name: "full_name", Text: "Leonor Exemplo Inventado"},
		{Name: "can_sign", Text: "false"},
		{Name: "address", Source: "address"},
		{Name: "card_details", Source: "card", Optional: true, Ticked: true, Reason: "Para pôr a sua fotografia no cartão de utente."},
		{Name: "employment", Source: "social_security", Optional: true},
		{Name: "driving_licence", Source: "transport", Missing: true},
		{Name: "powers", Source: "powers", Optional: true, Missing: true},
	}
	nothing := single
	nothing.Attributes = nil
	return []Story{
		{"signin: who", "/story/signin/who", http.StatusOK, signin.Who{Task: task(hospital(), "who", 1), Wanted: wanted, Purpose: consent.Purpose, Retention: consent.Retention}},
		{"signin: who, country missing", "/story/signin/who-country", http.StatusUnprocessableEntity, signin.Who{
			Task: task(hospital(), "who", 1, ui.Problem{Field: "country", Code: "CH-1202"}), Identifier: "XX9000017", Wanted: wanted}},
		{"signin: who, not understood", "/story/signin/who-wrong", http.StatusUnprocessableEntity, signin.Who{
			Task: task(hospital(), "who", 1, ui.Problem{Field: "identifier", Code: "CH-1201"}), Identifier: "???", Country: "BRA"}},
		{"signin: who, again after a wrong code", "/story/signin/who-again", http.StatusOK, signin.Who{
			Task: task(hospital(), "who", 1, ui.Problem{Code: "CH-1206"}), Identifier: "+44 7700 900678", Wanted: wanted}},
		{"signin: PIN", "/story/signin/pin", http.StatusOK, signin.PIN{Task: back, Identifier: "+44 7700 900678"}},
		{"signin: PIN, passport", "/story/signin/pin-passport", http.StatusOK, signin.PIN{Task: back, Identifier: "XX9000017", Country: "POL"}},
		{"signin: PIN, wrong", "/story/signin/pin-wrong", http.StatusForbidden, signin.PIN{
			Task: task(hospital(), "pin", 2, ui.Problem{Field: "pin", Code: "CH-1203"}), Identifier: "+44 7700 900678"}},
		{"signin: code by SMS", "/story/signin/code", http.StatusOK, code},
		{"signin: code, again or another way", "/story/signin/code-again", http.StatusOK, again},
		{"signin: code, sent anew", "/story/signin/code-anew", http.StatusOK, anew},
		{"signin: code by e-mail", "/story/signin/code-email", http.StatusOK, byEmail},
		{"signin: code, malformed", "/story/signin/code-wrong", http.StatusUnprocessableEntity, wrong},
		{"signin: choose the first PIN", "/story/signin/choose-first", http.StatusOK, signin.ChoosePIN{Task: task(hospital(), "choose", 0), First: true, Min: 6, Max: 8}},
		{"signin: choose a PIN, refused", "/story/signin/choose-wrong", http.StatusUnprocessableEntity, signin.ChoosePIN{
			Task: task(ui.Service{Name: "A minha chave", Category: "key"}, "choose", 0, ui.Problem{Field: "new_pin", Code: "CH-1303"}, ui.Problem{Field: "new_pin_again", Code: "CH-1306"}), Min: 6, Max: 8}},
		{"signin: share", "/story/signin/consent", http.StatusOK, consent},
		{"signin: share, already signed in", "/story/signin/consent-single", http.StatusOK, single},
		{"signin: confirm cancelling the key", "/story/signin/confirm", http.StatusOK, signin.Confirm{Task: task(ui.Service{Name: "A minha chave", Category: "key"}, "confirm", 0)}},
		{"sign out: asked by a service", "/story/signin/signout", http.StatusOK, signin.SignOut{
			Form: ui.Form{Action: "/oauth2/logout"}, Service: hospital(), Fields: []ui.Hidden{{Name: "state", Value: "made-up"}}}},
		{"signin: share what other bodies hold", "/story/signin/consent-sourced", http.StatusOK, sourced},
		{"signin: share nothing", "/story/signin/consent-nothing", http.StatusOK, nothing},
	}
}

// codeOf is the fault a handler would show with an ending.
func codeOf(e signin.Ending) string {
	return map[signin.Ending]string{
		signin.WrongBrowser: "CH-1103", signin.Expired: "CH-1102", signin.Unknown: "CH-1101", signin.Passed: "CH-1104", signin.Waiting: "CH-1204",
		signin.Blocked: "CH-1208", signin.DocumentExpired: "CH-1209", signin.Ended: "CH-1210", signin.NoPIN: "CH-1211", signin.NoChannel: "CH-1215", signin.TriesUsedUp: "CH-1205", signin.Finished: "CH-1110", signin.LevelTooLow: "CH-1107",
		signin.NotEligible: "CH-1412", signin.TooManyCodes: "CH-1212", signin.NotShared: "CH-1109", signin.Unavailable: "CH-1001",
		signin.UnknownService: "CH-1105", signin.BadReturn: "CH-1106",
	}[e]
}

func stopStories() []Story {
	var all []Story
	for _, e := range signin.Endings() {
		v := signin.Stop{Task: task(tax(), "stop", 0), Ending: e, Code: codeOf(e)}
		switch e {
		case signin.Waiting, signin.TooManyCodes:
			v.Until, v.Cancel, v.Again = Now().Add(15*time.Minute), true, v.Action
		case signin.Blocked, signin.TriesUsedUp, signin.NoChannel, signin.DocumentExpired, signin.Ended, signin.NoPIN, signin.LevelTooLow, signin.NotEligible, signin.NotShared:
			v.Cancel, v.Counter = true, e != signin.NotShared
		case signin.Passed, signin.Unavailable, signin.Changed:
			v.Again = v.Action
		case signin.Unknown, signin.UnknownService, signin.BadReturn, signin.Refused, signin.SignedOut:
			v.Service = ui.Service{}
		case signin.WrongBrowser, signin.Expired, signin.Closed, signin.Finished:
		}
		all = append(all, Story{"signin stops: " + string(e), "/story/stop/" + string(e), http.StatusOK, v})
	}
	return all
}

func errorStories() []Story {
	return []Story{
		{"error: not found", "/story/error/not-found", http.StatusNotFound, ui.ErrorPage{Problem: ui.Problem{Code: "CH-1003"}}},
		{"error: internal", "/story/error/internal", http.StatusInternalServerError, ui.ErrorPage{Problem: ui.Problem{Code: "CH-1000"}, Again: "/"}},
		{"error: unavailable", "/story/error/unavailable", http.StatusServiceUnavailable, ui.ErrorPage{Problem: ui.Problem{Code: "CH-1001"}, Again: "/"}},
		{"going back by POST", "/story/error/post", http.StatusOK, ui.Post{Action: "/nowhere", Name: "Hospital da Praia", Fields: []ui.Hidden{{Name: "state", Value: "made-up"}}}},
	}
}
