package oidc_test

import (
	"testing"

	"chave/internal/core/consent"
	"chave/internal/core/service"
)

// What a person agreed to is kept with the tokens for weeks. An operator who strikes an attribute from a registration must not have to wait for that.
func TestA16_R5_10_an_attribute_struck_from_the_registration_is_no_longer_released(t *testing.T) {
	r := newRig(t)
	b := r.browser()
	got := r.exchange(b.code(ask("scope", "openid offline_access profile nif")))
	if r.userinfo(got.text("access_token")).text("nif") == "" || r.claims(got.text("id_token"))["nif"] == nil {
		t.Fatal("the tax number was not shared to begin with")
	}
	narrower := bank()
	narrower.Attributes = []service.Ask{{Name: consent.FullName, Required: true}}
	r.register(narrower)

	if told := r.userinfo(got.text("access_token")).text("nif"); told != "" {
		t.Error("userinfo still tells the tax number")
	}
	again := r.refresh(got.text("refresh_token"))
	if r.claims(again.text("id_token"))["nif"] != nil {
		t.Error("a refreshed ID token still tells the tax number")
	}
	if told := r.userinfo(again.text("access_token")); told.text("nif") != "" || told.text("name") == "" {
		t.Errorf("after a refresh userinfo tells %v", told)
	}
}

func TestR5_24_a_closed_service_learns_nothing_more(t *testing.T) {
	r := newRig(t)
	got := r.exchange(r.browser().code(ask()))
	closed := bank()
	closed.Closed = true
	r.register(closed)
	if p := r.userinfo(got.text("access_token")); p.status != 401 || p.text("sub") != "" {
		t.Errorf("userinfo answers %d", p.status)
	}
}
