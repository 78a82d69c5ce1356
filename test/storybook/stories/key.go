package stories

import (
	"net/http"
	"time"

	"chave/internal/page/mykey"
	"chave/internal/page/ui"
)

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 12, 0, 0, 0, time.UTC) }

func keyStories() []Story {
	own := mykey.Own{Account: ui.Account{Name: "Maria da Conceição Gonçalves de Albuquerque e Vasconcelos", SignOut: "/key/signout"}}
	card := ui.Document{Type: "citizen_card", Country: "PRT", Number: "90000014 2 ZX3", Expires: day(2030, time.April, 12)}
	full := mykey.Overview{
		Own: own, State: "active", Document: card, KeyEnds: day(2030, time.May, 12), Phone: "+351 ••• ••• 678", Email: "m•••@exemplo.pt",
		NIF: "••• ••• 018", NISS: "••••••••• 18", NSNS: "", LastVisit: Now().Add(-49 * time.Hour), LastService: "Portal dos Impostos",
		Notices: []mykey.Notice{{Kind: "warning", Key: "no_nsns", Args: []any{"Services", "Serviço de Saúde"}}},
	}
	var all []Story
	for _, state := range []string{"active", "pending_pin", "grace", "suspended", "blocked", "ended"} {
		v := full
		v.State = state
		switch state {
		case "grace":
			v.Document.Expires, v.KeyEnds = day(2026, time.November, 10), day(2026, time.December, 10)
			v.Notices = []mykey.Notice{{Kind: "danger", Key: "ends_soon", Args: []any{"Day", v.KeyEnds}}}
		case "suspended":
			v.Document = ui.Document{Type: "passport", Country: "BRA", Number: "XX900001", Expires: day(2026, time.November, 1)}
			v.KeyEnds, v.Email, v.NIF, v.NISS, v.Notices = v.Document.Expires, "", "", "", nil
		case "blocked":
			v.Document = ui.Document{Type: "identity_card", Country: "PRT", Number: "90000022"}
			v.Phone, v.Notices = "", []mykey.Notice{{Kind: "info", Key: "no_phone"}, {Kind: "ok", Key: "pin_changed"}}
		}
		all = append(all, Story{"key: overview, " + state, "/story/key/overview-" + state, http.StatusOK, v})
	}
	visits := []mykey.Visit{
		{Name: "Portal dos Impostos", Category: "tax", At: Now().Add(-20 * time.Minute), Outcome: "signed_in", Level: 3, Means: []string{"pin", "sms"}},
		{Name: "Hospital da Praia", Category: "hospital", At: Now().Add(-3 * 24 * time.Hour), Outcome: "refused", Means: []string{"pin", "sms"}},
		{Name: "Banco do Largo", Category: "bank", At: Now().Add(-9 * 24 * time.Hour), Outcome: "stopped", Means: []string{"pin", "email"}, New: true},
		{Name: "Segurança Social", Category: "social_security", At: Now().Add(-40 * 24 * time.Hour), Outcome: "signed_in", Level: 3, Means: []string{"pin", "sms"}},
	}
	months := []mykey.Month{{Year: 2026, Month: time.August, Count: 0}, {Year: 2026, Month: time.September, Count: 4}, {Year: 2026, Month: time.October, Count: 11}, {Year: 2026, Month: time.November, Count: 3}}
	consents := []mykey.Consent{
		{Service: "tax", Name: "Portal dos Impostos", Category: "tax", At: Now().Add(-time.Hour), Shared: []string{"full_name", "nif"}, Refused: []string{"email", "phone"}},
		{Service: "hospital", Name: "Hospital da Praia", Category: "hospital", At: Now().Add(-200 * time.Hour)},
	}
	return append(all,
		Story{"key: history", "/story/key/history", http.StatusOK, mykey.History{Own: own, Days: 90, Visits: visits, Months: months, More: true}},
		Story{"key: history, empty", "/story/key/history-empty", http.StatusOK, mykey.History{Own: own, Days: 90}},
		Story{"key: what is shared", "/story/key/consents", http.StatusOK, mykey.Consents{Own: own, Action: "/key/consents", Consents: consents}},
		Story{"key: stopped sharing", "/story/key/consents-withdrew", http.StatusOK, mykey.Consents{Own: own, Withdrew: "Banco do Largo"}},
		Story{"key: open sessions", "/story/key/sessions", http.StatusOK, mykey.Sessions{Own: own, Action: "/key/sessions", Sessions: []mykey.Session{
			{ID: "a", Since: Now().Add(-3 * time.Hour), SignedIn: Now().Add(-time.Hour), Ends: Now().Add(time.Hour), Here: true, Services: []string{"Portal dos Impostos", "Banco do Largo"}},
			{ID: "b", Since: Now().Add(-5 * time.Hour), SignedIn: Now().Add(-5 * time.Hour), Ends: Now().Add(20 * time.Minute)},
		}}},
		Story{"key: no open sessions", "/story/key/sessions-none", http.StatusOK, mykey.Sessions{Own: own}},
		Story{"key: change the PIN", "/story/key/pin", http.StatusOK, mykey.ChangePIN{Own: own, Action: "/key/pin"}},
		Story{"key: cancel", "/story/key/cancel", http.StatusOK, mykey.Cancel{Own: own, Action: "/key/cancel"}},
		Story{"key: PIN changed", "/story/key/done-pin", http.StatusOK, mykey.Done{What: "pin_changed"}},
		Story{"key: cancelled", "/story/key/done-cancelled", http.StatusOK, mykey.Done{What: "key_cancelled"}},
	)
}
