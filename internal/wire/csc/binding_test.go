package csc_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/service"
	"chave/internal/core/signing"
)

func signing1(key, sad string, digests ...[]byte) map[string]any {
	body := map[string]any{"credentialID": key, "hashes": b64s(digests...), "signAlgo": ecdsaOID}
	if sad != "" {
		body["SAD"] = sad
	}
	return body
}

func TestT2_sad_signs_for_nothing_but_what_was_confirmed(t *testing.T) {
	r := newRig(t)
	key, d := r.signing.give(r.person, signing.P256), digest("contract")
	second := r.signing.give(r.person, signing.P256)
	r.register(service.Settings{
		ID: "other", Name: service.Text{"pt": "Outro", "en": "Other"}, RedirectURIs: []string{back}, Secret: secret, CSC: &service.CSC{},
	})
	r.admit("Bento", "+351929943619", "ZZ990418", "399412859")
	sad := r.sad("bank", key.ID, d)

	t.Run("one changed byte", func(t *testing.T) {
		wrong := append([]byte(nil), d...)
		wrong[31] ^= 1
		refused(t, r.call(sad, "signatures/signHash", signing1(key.ID, "", wrong)), 400, "invalid_request", "Hash is not authorized by the SAD")
	})
	t.Run("one digest more", func(t *testing.T) {
		refused(t, r.call(sad, "signatures/signHash", signing1(key.ID, "", d, digest("more"))), 400, "invalid_request", "Hash is not authorized by the SAD")
	})
	t.Run("another key of the same person", func(t *testing.T) {
		refused(t, r.call(sad, "signatures/signHash", signing1(second.ID, "", d)), 400, "invalid_request", "Invalid parameter credentialID")
		refused(t, r.call(r.token("bank", phone), "signatures/signHash", signing1(second.ID, sad, d)), 400, "invalid_request", "Invalid parameter credentialID")
	})
	t.Run("another service", func(t *testing.T) {
		refused(t, r.call(r.token("other", phone), "signatures/signHash", signing1(key.ID, sad, d)), 400, "invalid_request", "Invalid parameter SAD")
	})
	t.Run("another person of the same service", func(t *testing.T) {
		refused(t, r.call(r.token("bank", "+351929943619"), "signatures/signHash", signing1(key.ID, sad, d)), 400, "invalid_request", "Invalid parameter SAD")
	})
	t.Run("another hash algorithm", func(t *testing.T) {
		body := signing1(key.ID, "", append(d, d...))
		body["signAlgo"] = "1.2.840.10045.4.3.4"
		refused(t, r.call(sad, "signatures/signHash", body), 400, "invalid_request", "Hash is not authorized by the SAD")
	})
	t.Run("another SAD beside it", func(t *testing.T) {
		refused(t, r.call(sad, "signatures/signHash", signing1(key.ID, r.sad("bank", key.ID, d), d)), 400, "invalid_request", "Invalid parameter SAD")
	})
	t.Run("none of that spent it", func(t *testing.T) {
		if got := r.call(sad, "signatures/signHash", signing1(key.ID, "", d)); got.status != http.StatusOK {
			t.Errorf("%d %s", got.status, got.body)
		}
	})
}

func TestT2_sad_of_explicit_authorization_belongs_to_one_sign_in(t *testing.T) {
	r := newRig(t)
	r.register(agency())
	key, d := r.signing.give(r.person, signing.P256), digest("contract")
	token := r.token("agency", phone)
	sad := r.explicit(token, key.ID, d)
	refused(t, r.call(r.token("agency", phone), "signatures/signHash", signing1(key.ID, sad, d)), 400, "invalid_request", "Invalid parameter SAD")
	refused(t, r.call(sad, "signatures/signHash", signing1(key.ID, "", d)), 401, "invalid_token", "")
	if got := r.call(token, "signatures/signHash", signing1(key.ID, sad, d)); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestT3_replay_refuses(t *testing.T) {
	r := newRig(t)
	key, d := r.signing.give(r.person, signing.P256), digest("contract")
	sad := r.sad("bank", key.ID, d)
	if got := r.call(sad, "signatures/signHash", signing1(key.ID, "", d)); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	refused(t, r.call(sad, "signatures/signHash", signing1(key.ID, "", d)), 400, "invalid_request", "Invalid parameter SAD")
	refused(t, r.call(sad, "credentials/extendTransaction", extension(key.ID, sad, d)), 400, "invalid_request", "")
	if r.signing.signed != 1 {
		t.Errorf("signed %d times", r.signing.signed)
	}
}

func TestT3_sad_is_short(t *testing.T) {
	r := newRig(t)
	key, d := r.signing.give(r.person, signing.P256), digest("contract")
	token, sad := r.token("bank", phone), r.sad("bank", key.ID, d)
	r.advance(5 * time.Minute)
	refused(t, r.call(sad, "signatures/signHash", signing1(key.ID, "", d)), 401, "expired_token", "")
	refused(t, r.call(token, "signatures/signHash", signing1(key.ID, sad, d)), 400, "invalid_request", "SAD expired")
}

func TestT3_batch_of_100_lists_all_100_hashes(t *testing.T) {
	r := newRig(t)
	key := r.signing.give(r.person, signing.P256)
	var all [][]byte
	for i := range 100 {
		all = append(all, digest(fmt.Sprint("document ", i)))
	}
	pushed := r.form("par", "bank", askToSign("bank", key.ID, all))
	if pushed.status != http.StatusCreated {
		t.Fatalf("%d %s", pushed.status, pushed.body)
	}
	b := r.browser()
	begun := b.authorize(url.Values{"client_id": {"bank"}, "request_uri": {pushed.text(t, "request_uri")}})
	h, err := r.provider.Load(t.Context(), b.handover(begun))
	if err != nil || len(h.Documents) != 100 {
		t.Fatalf("%d documents are shown: %v", len(h.Documents), err)
	}
	sad := r.exchange("bank", b.agree(begun, r.person)).text(t, "access_token")
	got := r.call(sad, "signatures/signHash", signing1(key.ID, "", all...))
	r.verify(sad, key.ID, got, all...)

	refused(t, r.form("par", "bank", askToSign("bank", key.ID, append(all, digest("one more")))), 400, "invalid_request", "Numbers of signatures is too high")
}

func extension(key, sad string, digests ...[]byte) map[string]any {
	return map[string]any{"credentialID": key, "SAD": sad, "hashes": b64s(digests...), "hashAlgorithmOID": sha256OID}
}

func TestT3_rest_of_a_batch_needs_a_new_sad_and_no_new_hash(t *testing.T) {
	r := newRig(t)
	key := r.signing.give(r.person, signing.P256)
	first, rest := digest("first"), digest("rest")
	sad := r.sad("bank", key.ID, first, rest)
	if got := r.call(sad, "signatures/signHash", signing1(key.ID, "", first)); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	refused(t, r.call(sad, "signatures/signHash", signing1(key.ID, "", rest)), 400, "invalid_request", "Invalid parameter SAD")
	refused(t, r.call(sad, "credentials/extendTransaction", extension(key.ID, sad, digest("new"))), 400, "invalid_request", "Hash is not authorized by the SAD")
	next := r.call(sad, "credentials/extendTransaction", extension(key.ID, sad, rest))
	if next.status != http.StatusOK || next.text(t, "SAD") == sad {
		t.Fatalf("%d %s", next.status, next.body)
	}
	got := r.call(next.text(t, "SAD"), "signatures/signHash", signing1(key.ID, "", rest))
	r.verify(next.text(t, "SAD"), key.ID, got, rest)
}

func TestT2_page_cannot_confirm_anything_else_than_was_asked(t *testing.T) {
	r := newRig(t)
	key, other := r.signing.give(r.person, signing.P256), r.signing.give(r.person, signing.P256)
	for name, change := range map[string]func(*signing.Handover){
		"another digest": func(h *signing.Handover) { h.Documents = []signing.Document{{Digest: digest("other")}} },
		"one more": func(h *signing.Handover) {
			h.Documents = append(h.Documents, signing.Document{Digest: digest("other")})
		},
		"another key":     func(h *signing.Handover) { h.KeyID = other.ID },
		"another session": func(h *signing.Handover) { h.Session = "other" },
		"another service": func(h *signing.Handover) { h.Service.ID = "other" },
	} {
		t.Run(name, func(t *testing.T) {
			b := r.browser()
			id := b.handover(b.authorize(askToSign("bank", key.ID, [][]byte{digest("contract")})))
			h, err := r.provider.Load(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			change(&h)
			if _, err := r.provider.Confirmed(t.Context(), id, r.permit(h, r.person)); !fault.Is(err, fault.PermitMismatch) {
				t.Errorf("said %v", err)
			}
			if _, err := r.provider.Load(t.Context(), id); err != nil {
				t.Errorf("and is gone: %v", err)
			}
		})
	}
}

func TestB4_only_the_browser_that_the_service_sent_gets_the_code(t *testing.T) {
	r := newRig(t)
	key := r.signing.give(r.person, signing.P256)
	b, stranger := r.browser(), r.browser()
	id := b.handover(b.authorize(askToSign("bank", key.ID, [][]byte{digest("contract")})))
	h, _ := r.provider.Load(t.Context(), id)
	to, err := r.provider.Confirmed(t.Context(), id, r.permit(h, r.person))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got := stranger.get(to); got.status != http.StatusTeapot || got.header.Get("X-Fault") != string(fault.LoginOtherBrowser) {
			t.Errorf("a stranger got %d %v", got.status, got.location)
		}
	}
	if got := b.get(to); got.location == nil || got.location.Query().Get("code") == "" {
		t.Errorf("the right browser got %d %s", got.status, got.header.Get("X-Fault"))
	}
	if got := b.get(to); got.header.Get("X-Fault") != string(fault.GrantSpent) {
		t.Errorf("a second time it got %d %v", got.status, got.location)
	}
	if _, err := r.provider.Confirmed(t.Context(), id, r.permit(h, r.person)); !fault.Is(err, fault.GrantSpent) {
		t.Errorf("a second yes says %v", err)
	}
}

func TestR5_10_no_returns_to_the_service(t *testing.T) {
	r := newRig(t)
	key := r.signing.give(r.person, signing.P256)
	b := r.browser()
	id := b.handover(b.authorize(askToSign("bank", key.ID, [][]byte{digest("contract")})))
	to, err := r.provider.Refused(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	q := b.get(to).location.Query()
	if q.Get("error") != "access_denied" || q.Get("state") != "st" || !strings.Contains(q.Get("error_description"), string(fault.RefusedByPerson)) {
		t.Errorf("the service hears %v", q)
	}
	if _, err := r.provider.Load(t.Context(), id); !fault.Is(err, fault.GrantSpent) {
		t.Errorf("the page can still be opened: %v", err)
	}
}

func TestT3_hand_over_that_nobody_answers_ends(t *testing.T) {
	r := newRig(t)
	key := r.signing.give(r.person, signing.P256)
	b := r.browser()
	id := b.handover(b.authorize(askToSign("bank", key.ID, [][]byte{digest("contract")})))
	r.advance(10 * time.Minute)
	if _, err := r.provider.Load(t.Context(), id); !fault.Is(err, fault.GrantExpired) {
		t.Errorf("says %v", err)
	}
	if _, err := r.provider.Refused(t.Context(), id); !fault.Is(err, fault.GrantExpired) {
		t.Errorf("says %v", err)
	}
}
