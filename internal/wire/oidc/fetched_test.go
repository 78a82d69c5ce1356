package oidc_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"chave/internal/core/consent"
	"chave/internal/core/service"
)

// source answers at once, with what a test says.
type source func(q consent.Query) (map[consent.Name]consent.Value, error)

func (f source) Fetch(_ context.Context, q consent.Query) (map[consent.Name]consent.Value, error) {
	return f(q)
}

// plug gives the rig a social security that answers, and a register of powers that fails, and registers the bank for both.
func plug(r *rig, social source) {
	r.login.Sources = &consent.Sources{
		Wait: time.Second, Limit: time.Second, Log: slog.New(slog.DiscardHandler),
		Providers: map[consent.Source]consent.Provider{
			consent.SocialSecurity:   social,
			consent.PowersOfAttorney: source(func(consent.Query) (map[consent.Name]consent.Value, error) { return nil, errors.New("down") }),
		},
	}
	wider := bank()
	wider.Attributes = append(wider.Attributes, service.Ask{Name: consent.Employment, Required: true}, service.Ask{Name: consent.Powers, Required: true})
	r.register(wider)
}

func TestA16_what_another_body_told_is_in_the_first_ID_token_and_nowhere_else(t *testing.T) {
	r := newRig(t)
	asked := 0
	plug(r, func(q consent.Query) (map[consent.Name]consent.Value, error) {
		asked++
		if q.Service != "bank" || len(q.Names) != 1 {
			t.Errorf("asked %+v", q)
		}
		return map[consent.Name]consent.Value{consent.Employment: {
			Text: "Em atividade", Parts: map[string]string{"situation": "active", "SituacaoProfissional": "<SitProfissionalAberturaDeContaResponse/>"},
		}}, nil
	})
	got := r.exchange(r.browser().code(ask("scope", "openid offline_access profile employment powers")))
	if got.status != 200 || got.text("scope") != "openid offline_access profile employment powers" {
		t.Fatalf("%d %s", got.status, got.text("scope"))
	}
	claims := r.claims(got.text("id_token"))
	told, _ := claims["employment"].(map[string]any)
	if len(told) != 2 || told["text"] != "Em atividade" || told["situation"] != "active" {
		t.Errorf("employment is %v", claims["employment"])
	}
	if _, there := claims["powers"]; there || claims["name"] == nil {
		t.Error("a body that failed is told of, or cost more than its own attribute")
	}
	info := r.userinfo(got.text("access_token"))
	if info.status != 200 || info.text("name") == "" || info.json["employment"] != nil {
		t.Errorf("userinfo tells %v", info.json)
	}
	again := r.refresh(got.text("refresh_token"))
	if r.claims(again.text("id_token"))["employment"] != nil || r.userinfo(again.text("access_token")).json["employment"] != nil || asked != 1 {
		t.Errorf("a refresh tells it, or %d questions were asked", asked)
	}
}

func TestA16_what_another_body_told_is_not_released_when_the_registration_no_longer_lists_it(t *testing.T) {
	r := newRig(t)
	plug(r, func(consent.Query) (map[consent.Name]consent.Value, error) {
		return map[consent.Name]consent.Value{consent.Employment: {Text: "Em atividade"}}, nil
	})
	code := r.browser().code(ask("scope", "openid profile employment"))
	r.register(bank())
	got := r.exchange(code)
	if claims := r.claims(got.text("id_token")); claims["employment"] != nil || claims["name"] == nil {
		t.Errorf("%v", claims)
	}
}
