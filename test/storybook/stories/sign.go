package stories

import (
	"net/http"
	"time"

	"chave/internal/page/mykey"
	"chave/internal/page/sign"
	"chave/internal/page/ui"
)

func signStories() []Story {
	account := ui.Account{Name: "Maria da Conceição Gonçalves de Albuquerque e Vasconcelos", SignOut: "/signout"}
	task := func(step string, at int, problems ...ui.Problem) sign.Task {
		return sign.Task{Form: ui.Form{Action: "/sign/abc", Step: step, Problems: problems}, Account: account, At: at, Of: 4, Test: true}
	}
	handed := func(step string, at int, problems ...ui.Problem) sign.Task {
		t := task(step, at, problems...)
		t.Of, t.Service = 2, ui.Service{Name: "Banco do Largo", Category: "bank", Home: "http://localhost:8105/"}
		return t
	}
	contract := sign.Document{Name: "Contrato de arrendamento.pdf", Size: "240 KB", Pages: 7, Path: "/sign/abc/files/d1"}
	long := sign.Document{
		Name: "Ata_da_assembleia_geral_extraordinária_de_condóminos_do_prédio_sito_na_Rua_das_Flores_nº_123_(versão_final_corrigida_2).pdf",
		Size: "12,4 MB", Pages: 1, Path: "/sign/abc/files/d2",
	}
	one, two := []sign.Document{contract}, []sign.Document{contract, long}
	bank := []sign.Document{{Name: "Contrato de crédito 2026/118", Mark: "9f04c1aa"}, {Name: "Ficha de informação normalizada", Mark: "00d177fe"}}
	lines := []string{"Assinado por Maria da Conceição Gonçalves de Albuquerque e Vasconcelos", "em 23 de novembro de 2026, 14:27", "Chave – TESTE, não qualificada"}
	start := sign.Start{Task: task("documents", 1), Files: 20, Size: "50 MB"}
	started := start
	started.Open = []sign.Open{
		{Path: "/sign/abc", Names: []string{contract.Name, long.Name}, At: Now().Add(-10 * time.Minute)},
		{Path: "/sign/def", Names: []string{"Carta.pdf"}, At: Now().Add(-40 * time.Minute), Signed: true},
	}
	refused := start
	refused.Problems = []ui.Problem{{Field: "documents", Code: "CH-1731"}}
	place := sign.Place{Task: task("place", 2), Documents: two, Stamp: "visible", Corner: "bottom_right", Lines: lines}
	some := place
	some.Documents = one
	some.Refused = []sign.Refused{{Name: "Fotografia.jpg", Problem: ui.Problem{Code: "CH-1731"}}, {Name: "Extrato protegido.pdf", Problem: ui.Problem{Code: "CH-1732"}}}
	wrong := place
	wrong.Problems, wrong.PageNumber = []ui.Problem{{Field: "page", Code: "CH-1738"}}, "99"
	pin := sign.PIN{Task: task("pin", 3), Documents: two, Holder: "Maria da Conceição Gonçalves de Albuquerque e Vasconcelos", Where: "page", Number: 3, Back: true}
	pinWrong := pin
	pinWrong.Problems, pinWrong.Where = []ui.Problem{{Field: "sign_pin", Code: "CH-1704"}}, "none"
	code := sign.Code{Task: task("code", 4), Documents: one, Channel: "sms", To: "678", Until: Now().Add(4 * time.Minute), Again: true}
	codeWrong := code
	codeWrong.Problems, codeWrong.Documents = []ui.Problem{{Field: "code", Code: "CH-1206"}}, two
	anew := code
	anew.SentAnew, anew.Channel, anew.To, anew.Again = true, "email", "m…@exemplo.pt", false
	signed := []sign.Document{{Name: "Contrato de arrendamento-assinado.pdf", Size: "262 KB", Path: "/sign/abc/files/e1", Level: "B-LT"}}
	done := sign.Done{Task: task("done", 0), Documents: signed, Until: Now().Add(40 * time.Minute)}
	lower := done
	lower.Lower, lower.Documents = true, []sign.Document{signed[0], {Name: long.Name, Size: "12,4 MB", Path: "/sign/abc/files/e2", Level: "B-B"}}
	page := func(name, path string, v ui.View) Story {
		return Story{"sign: " + name, "/story/sign/" + path, http.StatusOK, v}
	}
	bad := func(name, path string, v ui.View) Story {
		return Story{"sign: " + name, "/story/sign/" + path, http.StatusUnprocessableEntity, v}
	}
	closed := func(why string) sign.Start { v := start; v.At, v.Closed = 0, why; return v }
	return append([]Story{
		page("choose documents", "start", start), page("choose documents, some begun", "start-open", started), bad("not a PDF", "start-refused", refused),
		page("signing is off", "start-inactive", closed("inactive")), page("signing is suspended", "start-suspended", closed("suspended")),
		page("PIN blocked", "start-blocked", closed("blocked")),
		page("where the signature shows", "place", place), page("some files not taken", "place-refused", some), bad("no such page", "place-wrong", wrong),
		page("signature PIN", "pin", pin), bad("signature PIN, wrong", "pin-wrong", pinWrong),
		page("code", "code", code), bad("code, wrong", "code-wrong", codeWrong), page("code, sent anew", "code-anew", anew),
		page("files to be put together", "finish", sign.Finish{Task: task("finish", 0)}),
		page("signed", "done", done), page("signed, time not certified", "done-lower", lower),
		page("nothing was signed", "over", sign.Over{Task: task("retry", 0), Reason: ui.Problem{Code: "CH-1709"}, Documents: two, Retry: true}),
		page("handed over: PIN", "authorize", sign.PIN{Task: handed("pin", 1), Documents: bank, Holder: "Oksana Kovalenko"}),
		bad("handed over: wrong PIN", "authorize-wrong", sign.PIN{Task: handed("pin", 1, ui.Problem{Field: "sign_pin", Code: "CH-1704"}), Documents: bank, Holder: "Oksana Kovalenko"}),
		page("handed over: code", "authorize-code", sign.Code{Task: handed("code", 2), Documents: bank, Channel: "sms", To: "618", Until: Now().Add(4 * time.Minute), Again: true}),
		page("handed over: over", "authorize-over", sign.Over{Task: handed("code", 0), Reason: ui.Problem{Code: "CH-1710"}}),
		page("handed over: cannot sign yet", "authorize-inactive", sign.Inactive{Task: handed("pin", 0), Why: "inactive"}),
		page("handed over: somebody else", "authorize-stranger", sign.Stranger{Task: handed("pin", 0)}),
	}, signatureStories(account)...)
}

func signatureStories(account ui.Account) []Story {
	own := mykey.Own{Account: account, Signs: true}
	on := mykey.Signature{
		Own: own, State: "active", Test: true,
		Certificate: &mykey.Certificate{
			Holder: account.Name, Issuer: "(TESTE) EC de Chave Móvel Digital de Assinatura 0001", Serial: "4f3a9c0de15b77e2a0318844c9d2aa01ff20", From: day(2026, 11, 2), Until: day(2028, 11, 1),
		},
		Signed: []mykey.Signed{
			{Here: true, Category: "paper", Names: []string{"Contrato de arrendamento.pdf"}, At: Now().Add(-time.Hour)},
			{Service: "Banco do Largo", Category: "bank", Names: []string{"Contrato de crédito 2026/118", "Ficha de informação normalizada"}, More: 12, At: Now().Add(-30 * time.Hour)},
		},
	}
	state := func(s string) mykey.Signature { v := on; v.State, v.Signed = s, nil; return v }
	off := mykey.Signature{Own: own, State: "off", Test: true, Done: "off"}
	fresh := on
	fresh.Done = "on"
	switchOn := mykey.SwitchOn{Own: own, Action: "/key/signature/on", Min: 4, Max: 8, Terms: "2026-11", Test: true}
	wrong := switchOn
	wrong.Problems = []ui.Problem{{Field: "new_sign_pin", Code: "CH-1705"}, {Field: "sign_terms", Code: "CH-1706"}}
	again := switchOn
	again.Action, again.Again = "/key/signature/new", true
	change := mykey.SignPIN{Own: own, Action: "/key/signature/pin", Min: 4, Max: 8}
	refused := change
	refused.Problems = []ui.Problem{{Field: "sign_pin", Code: "CH-1704"}}
	page := func(name, path string, v ui.View) Story {
		return Story{"signature: " + name, "/story/key/signature-" + path, http.StatusOK, v}
	}
	bad := func(name, path string, v ui.View) Story {
		return Story{"signature: " + name, "/story/key/signature-" + path, http.StatusUnprocessableEntity, v}
	}
	return []Story{
		page("off", "off", off), page("on", "active", on), page("just switched on", "fresh", fresh), page("suspended", "suspended", state("suspended")),
		page("PIN blocked", "blocked", state("blocked")), page("expired", "expired", state("expired")),
		page("switch on", "on", switchOn), bad("switch on, refused", "on-wrong", wrong), page("new PIN and key", "new", again),
		page("change the PIN", "pin", change), bad("change the PIN, refused", "pin-wrong", refused),
		page("switch off", "sure-off", mykey.Sure{Own: own, Action: "/key/signature/off", What: "off"}),
		page("take up again", "sure-resume", mykey.Sure{Own: own, Action: "/key/signature/resume", What: "resume"}),
	}
}
