package login_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"chave/internal/core/consent"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/service"
)

func compat(r *login.Request) { r.Wire, r.Realm = "compat wire", login.Compat }

// A session opened by rules that let SHA-1 and tokens in addresses through must be worth nothing to a service that relies on today's.
func TestBlueprint_4_9_a_session_of_one_realm_never_stands_for_a_sign_in_of_the_other(t *testing.T) {
	r := newRig(t)
	who := r.admit(oksana())
	for _, one := range []struct {
		name     string
		opened   func(*login.Request)
		asked    func(*login.Request)
		cookieIn func(string) login.Sessions
	}{
		{"opened through a compat wire", compat, func(*login.Request) {}, func(s string) login.Sessions { return login.Sessions{Compat: s} }},
		{"opened by a modern wire", func(*login.Request) {}, compat, func(s string) login.Sessions { return login.Sessions{Modern: s} }},
	} {
		t.Run(one.name, func(t *testing.T) {
			b := r.browser()
			begun := b.pin(b.identify(b.begin("tax", one.opened), "+351929943618", ""), rightPIN)
			opened, err := r.login.EnterCode(t.Context(), begun.ID, b.cookie, one.cookieIn(""), mustCode(t, r.lastCode()))
			if err != nil || opened.Cookie == "" {
				t.Fatal(opened.Cookie, err)
			}
			b.session = opened.Cookie
			b.want(b.begin("tax", one.asked), login.StepWho)
			b.want(b.begin("tax", one.opened), login.StepShare)
			realm, other := begun.Realm, login.Compat
			if realm == login.Compat {
				other = login.Modern
			}
			if _, _, err := r.login.SessionIn(t.Context(), other, b.session); !fault.Is(err, fault.SessionNeeded) {
				t.Errorf("the other realm finds a session: %v", err)
			}
			if _, p, err := r.login.SessionIn(t.Context(), realm, b.session); err != nil || p.ID != who {
				t.Errorf("its own realm finds %v, %v", p.ID, err)
			}
			request := login.Request{Session: b.session, Purpose: login.SignIn}
			if one.asked(&request); request.Realm == other {
				_, err = r.login.Silent(t.Context(), request, func(login.Tx, login.Outcome) error { return nil })
				if !fault.Is(err, fault.SessionNeeded) {
					t.Errorf("a request without a page is answered from it: %v", err)
				}
			}
		})
	}
}

func TestR5_23_on_compat_wires_other_attributes_ask_for_the_PIN_again(t *testing.T) {
	r := newRig(t)
	r.admit(oksana())
	b := r.browser()
	begun := b.pin(b.identify(b.begin("hospital", compat), "+351929943618", ""), rightPIN)
	opened, err := r.login.EnterCode(t.Context(), begun.ID, b.cookie, login.Sessions{}, mustCode(t, r.lastCode()))
	if err != nil {
		t.Fatal(err)
	}
	b.session = opened.Cookie
	b.want(b.begin("hospital", compat), login.StepShare)
	b.want(b.begin("tax", compat), login.StepWho) // asks for the NIF too
}

func TestR5_12_the_share_page_is_skipped_only_for_what_was_agreed_to_before(t *testing.T) {
	r := newRig(t)
	r.admit(oksana())
	skip := func(q *login.Request) { compat(q); q.SkipShare = true }
	b := r.browser()
	first := b.pin(b.identify(b.begin("tax", skip), "+351929943618", ""), rightPIN)
	opened, err := r.login.EnterCode(t.Context(), first.ID, b.cookie, login.Sessions{}, mustCode(t, r.lastCode()))
	if err != nil {
		t.Fatal(err)
	}
	b.session = opened.Cookie
	b.want(opened.Transaction, login.StepShare) // never the first time
	if _, err := r.login.Decide(t.Context(), first.ID, b.cookie, []consent.Name{consent.FullName}); err != nil {
		t.Fatal(err)
	}
	b.want(b.begin("tax", skip), login.StepShare) // the NIF was unticked
	only := func(q *login.Request) {
		skip(q)
		q.Ask = q.Ask[:1]
	}
	again := b.begin("tax", only)
	b.want(again, login.StepResume)
	out, err := r.login.Finish(t.Context(), again.ID, b.cookie, "compat wire", nil)
	if err != nil || len(out.Verified.Attributes()) != 1 {
		t.Fatalf("%v, %v", out.Verified.Attributes(), err)
	}
	b.want(b.begin("tax", func(q *login.Request) { only(q); q.SkipShare = false }), login.StepShare)
}

// told is a source that answers what a test says, when it says.
type told func(ctx context.Context, q consent.Query) (map[consent.Name]consent.Value, error)

func (f told) Fetch(ctx context.Context, q consent.Query) (map[consent.Name]consent.Value, error) {
	return f(ctx, q)
}

func TestA20_a_source_that_is_slow_or_fails_costs_its_attribute_and_never_the_sign_in(t *testing.T) {
	address := map[consent.Name]consent.Value{consent.Employment: {Text: "employed"}, consent.NIC: {Text: "not asked for"}}
	for _, one := range []struct {
		name   string
		source told
		want   consent.State
	}{
		{"answers", func(context.Context, consent.Query) (map[consent.Name]consent.Value, error) { return address, nil }, consent.Available},
		{"fails", func(context.Context, consent.Query) (map[consent.Name]consent.Value, error) {
			return nil, errors.New("down")
		}, consent.NotAvailable},
		{"may not tell", func(context.Context, consent.Query) (map[consent.Name]consent.Value, error) {
			return nil, consent.ErrWithheld
		}, consent.Withheld},
		{"is silent", func(ctx context.Context, _ consent.Query) (map[consent.Name]consent.Value, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, consent.NotAvailable},
		{"hangs for good", func(context.Context, consent.Query) (map[consent.Name]consent.Value, error) { select {} }, consent.NotAvailable},
		{"panics", func(context.Context, consent.Query) (map[consent.Name]consent.Value, error) {
			panic("a fault of its own")
		}, consent.NotAvailable},
		{"is not there", nil, consent.NotAvailable},
	} {
		t.Run(one.name, func(t *testing.T) {
			r := newRig(t)
			r.admit(oksana())
			r.service("work", service.LevelPhone, consent.FullName, consent.Employment)
			r.login.Sources = &consent.Sources{Wait: 50 * time.Millisecond, Limit: time.Second, Log: slog.New(slog.DiscardHandler)}
			if one.source != nil {
				r.login.Sources.Providers = map[consent.Source]consent.Provider{consent.SocialSecurity: one.source}
			}
			b := r.browser()
			at := b.signIn("work", "+351929943618", "")
			b.want(at, login.StepShare)
			if _, err := r.login.Decide(t.Context(), at.ID, b.cookie, []consent.Name{consent.Employment}); err != nil {
				t.Fatal(err)
			}
			inside := 0
			out, err := r.login.Finish(t.Context(), at.ID, b.cookie, "test", func(login.Tx, login.Outcome) error { inside++; return nil })
			if err != nil || inside != 1 {
				t.Fatalf("granted %d times, %v", inside, err)
			}
			answered := out.Verified.Answered()
			if _, state := answered.Of(consent.Employment); state != one.want {
				t.Errorf("employment is %s, want %s", state, one.want)
			}
			if _, state := answered.Of(consent.FullName); state != consent.Available {
				t.Errorf("the name is %s", state)
			}
			if _, state := answered.Of(consent.NIC); state != consent.NotAvailable {
				t.Errorf("what nobody asked for is %s", state)
			}
			if !slices.Contains(answered.Shared, consent.Employment) {
				t.Error("what was agreed to is not told")
			}
		})
	}
}

func TestR5_10_a_source_is_asked_only_after_the_person_agreed(t *testing.T) {
	r := newRig(t)
	r.admit(oksana())
	r.service("work", service.LevelPhone, consent.FullName, consent.Employment)
	asked := 0
	r.login.Sources = &consent.Sources{Wait: time.Second, Limit: time.Second, Log: slog.New(slog.DiscardHandler), Providers: map[consent.Source]consent.Provider{
		consent.SocialSecurity: told(func(context.Context, consent.Query) (map[consent.Name]consent.Value, error) { asked++; return nil, nil }),
	}}
	finish := func(share ...consent.Name) consent.Answered {
		b := r.browser()
		at := b.signIn("work", "+351929943618", "")
		if _, err := r.login.Decide(t.Context(), at.ID, b.cookie, share); err != nil {
			t.Fatal(err)
		}
		out, err := r.login.Finish(t.Context(), at.ID, b.cookie, "test", nil)
		if err != nil {
			t.Fatal(err)
		}
		return out.Verified.Answered()
	}
	if _, state := finish().Of(consent.Employment); asked != 0 || state != consent.Withheld {
		t.Errorf("unticked: asked %d times, state %s", asked, state)
	}
	if finish(consent.Employment); asked != 1 {
		t.Errorf("agreed: asked %d times", asked)
	}
}

func mustCode(t *testing.T, digits string) credential.Code {
	t.Helper()
	code, err := credential.ParseCode(digits)
	if err != nil {
		t.Fatal(err)
	}
	return code
}
