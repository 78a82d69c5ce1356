package login_test

import (
	"testing"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/service"
)

func TestA11_a_session_is_a_proof_for_our_own_pages_only_while_fresh_and_strong(t *testing.T) {
	r := newRig(t)
	who := r.admit(oksana())
	b := r.browser()
	first := b.pin(b.identify(b.begin("tax"), "+351929943618", ""), rightPIN)
	opened, err := r.login.EnterCode(t.Context(), first.ID, b.cookie, login.Sessions{}, mustCode(t, r.lastCode()))
	if err != nil {
		t.Fatal(err)
	}
	fresh := 5 * time.Minute
	ask := func(change func(*login.Request)) (login.Verified, error) {
		q := login.Request{
			Wire: login.FirstParty, Purpose: login.SignIn, Service: service.Service{FirstParty: true}, MinLevel: service.LevelPhone,
			MaxAge: &fresh, Session: opened.Cookie,
		}
		q.Service.ID = "key"
		if change != nil {
			change(&q)
		}
		return r.login.Prove(t.Context(), q)
	}
	proof, err := ask(nil)
	if err != nil || !proof.Proven() || proof.Person() != who || proof.Level() != service.LevelPhone || proof.Service() != "key" {
		t.Fatalf("%+v, %v", proof, err)
	}
	if len(proof.Attributes()) != 0 {
		t.Error("a proof for our own pages holds attributes")
	}
	for name, change := range map[string]func(*login.Request){
		"a wire":            func(q *login.Request) { q.Wire = "oidc" },
		"no session":        func(q *login.Request) { q.Session = "" },
		"another's session": func(q *login.Request) { q.Session = "unknown" },
		"a higher level":    func(q *login.Request) { q.MinLevel = service.LevelCard },
		"another realm":     func(q *login.Request) { q.Realm = login.Compat },
		"a new PIN":         func(q *login.Request) { q.Purpose = login.ChangePIN },
	} {
		if proof, err := ask(change); !fault.Is(err, fault.SessionNeeded) || proof.Proven() {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.advance(fresh + time.Second)
	if _, err := ask(nil); !fault.Is(err, fault.SessionNeeded) {
		t.Errorf("an old session: %v", err)
	}
}
