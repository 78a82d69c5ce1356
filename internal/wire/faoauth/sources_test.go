package faoauth_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"chave/internal/core/consent"
	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/outside/store"
)

const (
	employment = "http://interop.gov.pt/SegurancaSocial/SituacaoProfissional"
	everything = nic + "%20" + address + "%20" + fullName
)

// source is a body that answers as a test tells it to.
type source struct {
	answer func(ctx context.Context, q consent.Query) (map[consent.Name]consent.Value, error)
	asked  atomic.Int32
}

func (s *source) Fetch(ctx context.Context, q consent.Query) (map[consent.Name]consent.Value, error) {
	s.asked.Add(1)
	return s.answer(ctx, q)
}

// lives answers with an address.
func lives(context.Context, consent.Query) (map[consent.Name]consent.Value, error) {
	return map[consent.Name]consent.Value{consent.Address: {Text: "Rua Inventada 1, Lisboa", Parts: map[string]string{"MoradaXML": "<Morada>Rua Inventada 1</Morada>"}}}, nil
}

// states writes an array's states.
func (a reply) states() string {
	var words []string
	for _, one := range a.lines() {
		words = append(words, one.State)
	}
	return strings.Join(words, " ")
}

func TestS2_3_2_a_slow_source_is_pending_until_it_answers(t *testing.T) {
	r := newRig(t)
	release, got := make(chan struct{}), make(chan consent.Query, 1)
	slow := &source{answer: func(ctx context.Context, q consent.Query) (map[consent.Name]consent.Value, error) {
		got <- q
		select {
		case <-release:
			return lives(ctx, q)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}
	r.sources.Providers[consent.AddressRegister] = slow
	token := r.grant(phone, "scope", everything).access
	if slow.asked.Load() != 0 {
		t.Error("the sign-in asked the source")
	}
	about := r.begin(token)
	q := <-got
	if q.Service != "town" || q.Number == "" || q.Subject.Person.NIC != "10000000" || len(q.Names) != 1 || q.Names[0] != consent.Address {
		t.Errorf("asked %+v", q)
	}
	t.Run("what we hold is there on the first GET, the rest is pending", func(t *testing.T) {
		if got := r.collect(token, about); got.states() != "Available Pending Available" || !strings.Contains(got.raw, `"value":null,"state":"Pending"`) {
			t.Errorf("answered %s", got.raw)
		}
	})
	close(release)
	r.settle()
	t.Run("then it is there, for this reading on any node", func(t *testing.T) {
		got := r.collect(token, about)
		if got.states() != "Available Available Available" || !strings.Contains(got.raw, "Rua Inventada 1") {
			t.Errorf("answered %s", got.raw)
		}
	})
	t.Run("it is kept no longer than the token", func(t *testing.T) {
		r.advance(24*time.Hour + time.Hour + time.Second)
		removed := 0
		if err := r.db.Do(t.Context(), func(tx *store.Tx) (err error) {
			removed, err = tx.Forget("singles", r.clock().Add(-time.Hour), 100)
			return err
		}); err != nil || removed < 2 {
			t.Errorf("%d rows forgotten, %v", removed, err)
		}
		if got := r.collect(token, about); got.text("error") != "expired_token" {
			t.Errorf("answered %d %s", got.status, got.raw)
		}
	})
}

func TestS2_3_2_a_silent_source_is_not_available_after_60_seconds(t *testing.T) {
	r := newRig(t)
	end := make(chan struct{})
	r.sources.Providers[consent.AddressRegister] = &source{answer: func(context.Context, consent.Query) (map[consent.Name]consent.Value, error) {
		<-end // it does not keep to its context either
		return nil, errors.New("too late")
	}}
	token := r.grant(phone, "scope", everything).access
	about := r.begin(token)
	for wait, want := range map[time.Duration]string{0: "Pending", 59 * time.Second: "Pending", 60 * time.Second: "NotAvailable", time.Hour: "NotAvailable"} {
		before := r.clock()
		r.advance(wait)
		if got := r.collect(token, about); got.states() != "Available "+want+" Available" {
			t.Errorf("after %v: %s", wait, got.raw)
		}
		r.advance(before.Sub(r.clock()))
	}
	close(end)
	r.settle()
}

func TestS2_3_2_partial_answers(t *testing.T) {
	r := newRig(t)
	r.sources.Providers[consent.AddressRegister] = &source{answer: func(context.Context, consent.Query) (map[consent.Name]consent.Value, error) {
		return nil, errors.New("out of order")
	}}
	r.sources.Providers[consent.SocialSecurity] = &source{answer: func(context.Context, consent.Query) (map[consent.Name]consent.Value, error) {
		return nil, consent.ErrWithheld
	}}
	token := r.grant(phone, "scope", everything+"%20"+employment).access
	about := r.begin(token)
	r.settle()
	if got := r.collect(token, about); got.status != http.StatusOK || got.states() != "Available NotAvailable Available NotAvailable" {
		t.Errorf("answered %s", got.raw)
	}
	t.Run("a reading that was begun again asks again", func(t *testing.T) {
		r.sources.Providers[consent.AddressRegister].(*source).answer = lives
		about := r.begin(token)
		r.settle()
		if got := r.collect(token, about); got.states() != "Available Available Available NotAvailable" {
			t.Errorf("answered %s", got.raw)
		}
	})
	t.Run("a source that nobody plugged in is not waited for", func(t *testing.T) {
		delete(r.sources.Providers, consent.SocialSecurity)
		if got := r.collect(token, r.begin(token)); got.lines()[3].State != "NotAvailable" {
			t.Errorf("answered %s", got.raw)
		}
		r.settle()
	})
	t.Run("a source that breaks is one without an answer", func(t *testing.T) {
		r.sources.Providers[consent.AddressRegister].(*source).answer = func(context.Context, consent.Query) (map[consent.Name]consent.Value, error) { panic("broken") }
		about := r.begin(token)
		r.settle()
		if got := r.collect(token, about); got.states() != "Available NotAvailable Available NotAvailable" {
			t.Errorf("answered %s", got.raw)
		}
	})
}

func TestS2_3_3_one_step_waits_a_moment_for_sources(t *testing.T) {
	r := newRig(t)
	end := make(chan struct{})
	defer close(end)
	quick := &source{answer: lives}
	r.sources.Providers[consent.AddressRegister] = quick
	r.sources.Providers[consent.SocialSecurity] = &source{answer: func(ctx context.Context, _ consent.Query) (map[consent.Name]consent.Value, error) {
		<-end
		return nil, ctx.Err()
	}}
	token := r.grant(phone, "scope", everything+"%20"+employment).access
	for range 3 {
		if got := r.post(resource, `{"token":"`+token+`"}`); got.states() != "Available Available Available NotAvailable" {
			t.Errorf("answered %s", got.raw)
		}
	}
	if n := quick.asked.Load(); n != 1 {
		t.Errorf("what it had said was asked %d times", n)
	}
}

func TestSources_are_asked_only_for_what_was_shared_and_while_the_key_stands(t *testing.T) {
	r := newRig(t)
	register := &source{answer: lives}
	r.sources.Providers[consent.AddressRegister] = register
	t.Run("a refused attribute is asked of nobody", func(t *testing.T) {
		b := r.browser()
		p := b.agree(b.prove(b.transaction(b.get(ask("scope", everything))), phone), consent.NIC)
		token := result.FindStringSubmatch(p.location)[2]
		about := r.begin(token)
		r.settle()
		if got := r.collect(token, about); got.short() != "10000000, NotAvailable, NotAvailable" || register.asked.Load() != 0 {
			t.Errorf("answered %s, asked %d", got.raw, register.asked.Load())
		}
	})
	t.Run("names of one reading ask for no more than they tell", func(t *testing.T) {
		token := r.grant(phone, "scope", everything).access
		r.post(managerPath, `{"token":"`+token+`","attributesName":["`+nic+`"]}`)
		r.settle()
		if register.asked.Load() != 0 {
			t.Error("the register was asked for a number")
		}
	})
	t.Run("what arrives after the consent was taken back is dropped", func(t *testing.T) {
		release := make(chan struct{})
		register.answer = func(ctx context.Context, q consent.Query) (map[consent.Name]consent.Value, error) {
			<-release
			return lives(ctx, q)
		}
		b := r.browser()
		token := result.FindStringSubmatch(b.signIn(ask("scope", everything), phone).location)[2]
		r.begin(token)
		s, _, err := r.login.SessionIn(t.Context(), login.Compat, b.cookie("chave_compat"))
		if err != nil {
			t.Fatal(err)
		}
		if err := r.login.Withdraw(t.Context(), s.Person, "town"); err != nil {
			t.Fatal(err)
		}
		close(release)
		r.settle()
		if got := r.post(resource, `{"token":"`+token+`"}`); got.text("error") != "invalid_token" {
			t.Errorf("answered %s", got.raw)
		}
	})
}

func TestS1_5_3_the_compat_doors_share_a_session_and_no_modern_request_sees_it(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	b.signIn(ask(), phone)
	t.Run("the same or fewer attributes: only the share page", func(t *testing.T) {
		if begun := b.transaction(b.get(ask("scope", nic))); begun.Next(r.clock()) != login.StepShare {
			t.Errorf("next is %s", begun.Next(r.clock()))
		}
	})
	t.Run("others: PIN again", func(t *testing.T) {
		if begun := b.transaction(b.get(ask("scope", nic+"%20"+docNum))); begun.Next(r.clock()) != login.StepWho {
			t.Errorf("next is %s", begun.Next(r.clock()))
		}
	})
	service, err := r.service("town")
	if err != nil {
		t.Fatal(err)
	}
	begin := func(realm login.Realm, session string) login.Step {
		begun, err := r.login.Begin(t.Context(), login.Request{
			Wire: "another", Realm: realm, Resume: func(string) string { return "/" }, Purpose: login.SignIn, Service: service, Browser: b.cookie("chave_browser"), Session: session,
			Ask: []consent.Ask{{Name: consent.NIC}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return begun.Next(r.clock())
	}
	if b.cookie("chave_session") != "" {
		t.Error("a modern session was opened")
	}
	if got := begin(login.Compat, b.cookie("chave_compat")); got != login.StepShare {
		t.Errorf("the SAML door asks %s", got)
	}
	if got := begin(login.Modern, b.cookie("chave_compat")); got != login.StepWho {
		t.Errorf("a modern wire with the compat cookie asks %s", got)
	}
	if _, _, err := r.login.SessionOf(t.Context(), b.cookie("chave_compat")); !fault.Is(err, fault.SessionNeeded) {
		t.Errorf("the compat cookie is a modern session: %v", err)
	}
	t.Run("a modern session opens nothing here", func(t *testing.T) {
		modern, err := r.login.Begin(t.Context(), login.Request{
			Wire: "another", Resume: func(string) string { return "/" }, Purpose: login.SignIn, Service: service, Browser: b.cookie("chave_browser"),
			Ask: []consent.Ask{{Name: consent.NIC}},
		})
		if err != nil {
			t.Fatal(err)
		}
		b.prove(modern, phone)
		other := b.cookie("chave_session")
		clean := r.browser()
		clean.keep("chave_compat", other)
		clean.keep("chave_session", other)
		if begun := clean.transaction(clean.get(ask("scope", nic))); begun.Next(r.clock()) != login.StepWho {
			t.Errorf("next is %s", begun.Next(r.clock()))
		}
	})
}
