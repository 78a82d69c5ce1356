package csc_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/service"
	"chave/internal/core/signing"
)

func authorization(key string, digests [][]byte, auth ...string) map[string]any {
	var data []any
	for i := 0; i+1 < len(auth); i += 2 {
		data = append(data, map[string]any{"id": auth[i], "value": auth[i+1]})
	}
	return map[string]any{
		"credentialID": key, "numSignatures": len(digests), "hashes": b64s(digests...), "hashAlgorithmOID": sha256OID, "authData": data,
		"clientData": `{"documentNames":["Contract"]}`,
	}
}

// explicit is a SAD by PIN and code.
func (r *rig) explicit(token, key string, d []byte) string {
	r.t.Helper()
	if got := r.call(token, "credentials/authorize", authorization(key, [][]byte{d}, "PIN", signPIN)); got.status != http.StatusAccepted {
		r.t.Fatalf("%d %s", got.status, got.body)
	}
	got := r.call(token, "credentials/authorize", authorization(key, [][]byte{d}, "OTP", signCode))
	if got.status != http.StatusOK {
		r.t.Fatalf("%d %s", got.status, got.body)
	}
	return got.text(r.t, "SAD")
}

func TestT5_services_that_may_not_see_pins_are_sent_to_our_page(t *testing.T) {
	r := newRig(t)
	key, d := r.signing.give(r.person, signing.P256), [][]byte{digest("contract")}
	token := r.token("bank", phone)
	for _, method := range []string{"credentials/authorize", "credentials/authorizeCheck", "credentials/getChallenge"} {
		refused(t, r.call(token, method, authorization(key.ID, d, "PIN", signPIN)), 400, "unauthorized_client", "auth/mode is oauth2code")
	}
	if r.counted != 0 || r.signing.sent != 0 {
		t.Errorf("counted %d, sent %d", r.counted, r.signing.sent)
	}
}

func TestT5_explicit_authorization_ends_with_its_switch(t *testing.T) {
	r := newRig(t)
	s := agency()
	s.Compat[service.CollectsPIN] = service.Allowance{Until: "2026-11-23"}
	r.register(s)
	key, d := r.signing.give(r.person, signing.P256), [][]byte{digest("contract")}
	r.advance(11*time.Hour + 55*time.Minute)
	token := r.token("agency", phone)
	if got := r.call(token, "credentials/authorize", authorization(key.ID, d, "PIN", signPIN)); got.status != http.StatusAccepted || r.counted != 1 {
		t.Errorf("%d %s, counted %d", got.status, got.body, r.counted)
	}
	r.advance(5 * time.Minute)
	refused(t, r.call(token, "credentials/authorize", authorization(key.ID, d, "OTP", signCode)), 400, "unauthorized_client", "")
	info := r.call(token, "credentials/info", map[string]any{"credentialID": key.ID}).json(t)
	if info["auth"].(map[string]any)["mode"] != "oauth2code" {
		t.Errorf("info says %v", info["auth"])
	}
}

func TestT2_pin_then_code_gives_a_sad_for_these_hashes(t *testing.T) {
	r := newRig(t)
	r.register(agency())
	key, d := r.signing.give(r.person, signing.P256), [][]byte{digest("contract")}
	token := r.token("agency", phone)
	info := r.call(token, "credentials/info", map[string]any{"credentialID": key.ID, "authInfo": true, "lang": "en"}).json(t)["auth"].(map[string]any)
	if info["mode"] != "explicit" || info["expression"] != "PIN AND OTP" || len(info["objects"].([]any)) != 2 {
		t.Errorf("info says %v", info)
	}
	begun := r.call(token, "credentials/authorize", authorization(key.ID, d, "PIN", signPIN))
	if begun.status != http.StatusAccepted {
		t.Fatalf("%d %s", begun.status, begun.body)
	}
	handle := map[string]any{"handle": begun.text(t, "handle")}
	if got := r.call(token, "credentials/authorizeCheck", handle); got.status != http.StatusAccepted {
		t.Errorf("%d %s", got.status, got.body)
	}
	refused(t, r.call(token, "credentials/authorize", authorization(key.ID, [][]byte{digest("other")}, "OTP", signCode)), 400, "invalid_authentication_data", "no code has been sent")
	refused(t, r.call(token, "credentials/authorize", authorization(key.ID, d, "OTP", "999999")), 400, "invalid_authentication_data", "The authentication data is invalid")
	got := r.call(token, "credentials/authorize", authorization(key.ID, d, "OTP", signCode))
	if got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	refused(t, r.call(token, "credentials/authorizeCheck", handle), 400, "invalid_request", "the SAD of this authorization has been handed out")
	made := r.call(token, "signatures/signHash", signing1(key.ID, got.text(t, "SAD"), d[0]))
	r.verify(token, key.ID, made, d[0])
	for _, op := range r.signing.ops {
		if op.Documents[0].Name != "Contract" {
			t.Errorf("the code named %q", op.Documents[0].Name)
		}
	}
}

func TestR3_18_challenge_sends_the_code_again(t *testing.T) {
	r := newRig(t)
	r.register(agency())
	key, d := r.signing.give(r.person, signing.P256), [][]byte{digest("contract")}
	token := r.token("agency", phone)
	again := map[string]any{"credentialID": key.ID, "authObjectID": "OTP"}
	refused(t, r.call(token, "credentials/getChallenge", again), 400, "invalid_request", "no authorization waits for a code")
	r.call(token, "credentials/authorize", authorization(key.ID, d, "PIN", signPIN))
	refused(t, r.call(token, "credentials/getChallenge", again), 429, "temporarily_unavailable", "")
	r.advance(31 * time.Second)
	if got := r.call(token, "credentials/getChallenge", again); got.status != http.StatusNoContent || r.signing.sent != 2 {
		t.Errorf("%d %s, sent %d", got.status, got.body, r.signing.sent)
	}
	refused(t, r.call(token, "credentials/getChallenge", map[string]any{"credentialID": key.ID, "authObjectID": "PIN"}), 400, "invalid_request", "Invalid parameter authObjectID")
}

func TestR3_17_wrong_codes_end_the_authorization(t *testing.T) {
	r := newRig(t)
	r.register(agency())
	key, d := r.signing.give(r.person, signing.P256), [][]byte{digest("contract")}
	token := r.token("agency", phone)
	handle := r.call(token, "credentials/authorize", authorization(key.ID, d, "PIN", signPIN)).text(t, "handle")
	for range 3 {
		refused(t, r.call(token, "credentials/authorize", authorization(key.ID, d, "OTP", "000000")), 400, "invalid_authentication_data", "The authentication data is invalid")
	}
	refused(t, r.call(token, "credentials/authorize", authorization(key.ID, d, "OTP", signCode)), 400, "invalid_authentication_data", "The authentication data is invalid")
	refused(t, r.call(token, "credentials/authorizeCheck", map[string]any{"handle": handle}), 400, "invalid_authentication_data", "")
	if got := r.explicit(token, key.ID, d[0]); got == "" {
		t.Error("a new authorization of the same hashes is refused")
	}
}

func TestT2_handle_belongs_to_one_sign_in(t *testing.T) {
	r := newRig(t)
	r.register(agency())
	key, d := r.signing.give(r.person, signing.P256), [][]byte{digest("contract")}
	handle := r.call(r.token("agency", phone), "credentials/authorize", authorization(key.ID, d, "PIN", signPIN)).text(t, "handle")
	other := r.token("agency", phone)
	refused(t, r.call(other, "credentials/authorizeCheck", map[string]any{"handle": handle}), 400, "invalid_request", "Invalid parameter handle")
	refused(t, r.call(other, "credentials/authorize", authorization(key.ID, d, "OTP", signCode)), 400, "invalid_authentication_data", "")
}

func TestA19_authentication_data_is_never_repeated(t *testing.T) {
	r := newRig(t)
	r.register(agency())
	key, d := r.signing.give(r.person, signing.P256), [][]byte{digest("contract")}
	token := r.token("agency", phone)
	for _, auth := range [][]string{
		{"PIN", "193746"}, {"PIN", "19x746"}, {"OTP", "193746"}, {"PIN", "193746", "PIN", "193746"}, {"FACE", "193746"}, {"PIN", ""},
	} {
		got := r.call(token, "credentials/authorize", authorization(key.ID, d, auth...))
		refused(t, got, 400, "invalid_authentication_data", "")
		if strings.Contains(string(got.body), "19") {
			t.Errorf("%v is repeated: %s", auth, got.body)
		}
	}
	body := authorization(key.ID, d)
	for _, data := range []any{nil, "PIN", []any{}, []any{"PIN"}, []any{map[string]any{"id": "PIN", "value": 571938}}} {
		body["authData"] = data
		if got := r.call(token, "credentials/authorize", body); got.status != http.StatusBadRequest {
			t.Errorf("%v: %d %s", data, got.status, got.body)
		}
	}
	if r.signing.sent != 0 {
		t.Errorf("%d codes were sent", r.signing.sent)
	}
}

func TestA20_keystore_gone_sends_no_code_and_signs_nothing(t *testing.T) {
	r := newRig(t)
	r.register(agency())
	key, d := r.signing.give(r.person, signing.P256), [][]byte{digest("contract")}
	token, sad := r.token("agency", phone), r.sad("bank", key.ID, d[0])
	sent := r.signing.sent
	r.signing.fail = fault.New(fault.KeystoreUnavailable)
	got := r.call(token, "credentials/authorize", authorization(key.ID, d, "PIN", signPIN))
	refused(t, got, 503, "temporarily_unavailable", "")
	if got.header.Get("Retry-After") == "" || r.signing.sent != sent {
		t.Errorf("retry after %q, sent %d", got.header.Get("Retry-After"), r.signing.sent)
	}
	refused(t, r.call(sad, "signatures/signHash", signing1(key.ID, "", d[0])), 503, "temporarily_unavailable", "")
	r.signing.fail = nil
	refused(t, r.call(sad, "signatures/signHash", signing1(key.ID, "", d[0])), 400, "invalid_request", "Invalid parameter SAD")
	if r.signing.signed != 0 {
		t.Errorf("signed %d", r.signing.signed)
	}
}
