package csc_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"chave/internal/core/signing"
)

// signatures verifies every signature of an answer with the certificate that credentials/info gives.
func (r *rig) verify(token, key string, got page, digests ...[]byte) {
	r.t.Helper()
	info := r.call(token, "credentials/info", map[string]any{"credentialID": key})
	cert := info.json(r.t)["cert"].(map[string]any)["certificates"].([]any)[0].(string)
	der, _ := base64.StdEncoding.DecodeString(cert)
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		r.t.Fatal(err)
	}
	all, _ := got.json(r.t)["signatures"].([]any)
	if len(all) != len(digests) {
		r.t.Fatalf("%d signatures for %d digests: %s", len(all), len(digests), got.body)
	}
	for i, text := range all {
		signature, _ := base64.StdEncoding.DecodeString(text.(string))
		switch public := parsed.PublicKey.(type) {
		case *rsa.PublicKey:
			err = rsa.VerifyPKCS1v15(public, crypto.SHA256, digests[i], signature)
		case *ecdsa.PublicKey:
			if !ecdsa.VerifyASN1(public, digests[i], signature) {
				err = rsa.ErrVerification
			}
		}
		if err != nil {
			r.t.Errorf("signature %d: %v", i, err)
		}
	}
}

func TestS12_hand_over_from_request_to_signature(t *testing.T) {
	for name, c := range map[string]struct {
		alg  signing.Alg
		algo string
	}{"RSA": {signing.RSA3072, rsaOID}, "ECDSA": {signing.P256, ecdsaOID}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			key := r.signing.give(r.person, c.alg)
			d := [][]byte{digest("contract"), digest("annex")}
			sad := r.sad("bank", key.ID, d...)
			got := r.call(sad, "signatures/signHash", map[string]any{
				"credentialID": key.ID, "hashes": b64s(d...), "signAlgo": c.algo, "hashAlgorithmOID": sha256OID, "operationMode": "S",
			})
			if got.status != http.StatusOK {
				t.Fatalf("%d %s", got.status, got.body)
			}
			r.verify(sad, key.ID, got, d...)
		})
	}
}

func TestS12_sad_beside_an_access_token_of_the_service(t *testing.T) {
	r := newRig(t)
	key := r.signing.give(r.person, signing.RSA3072)
	token, sad := r.token("bank", phone), r.sad("bank", key.ID, digest("contract"))
	got := r.call(token, "signatures/signHash", map[string]any{
		"credentialID": key.ID, "SAD": sad, "hashes": b64s(digest("contract")), "signAlgo": "1.2.840.113549.1.1.1", "hashAlgorithmOID": sha256OID,
	})
	if got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	r.verify(token, key.ID, got, digest("contract"))
}

func TestR3_19_page_is_told_what_each_document_is_called(t *testing.T) {
	r := newRig(t)
	d := [][]byte{digest("contract"), digest("annex")}
	details, _ := json.Marshal([]any{map[string]any{
		"type": "credential", "signatureQualifier": "eu_eidas_aes", "hashAlgorithmOID": sha256OID,
		"documentDigests": []any{map[string]any{"hash": b64(d[0]), "label": "Contract"}, map[string]any{"hash": b64(d[1])}},
	}})
	for name, c := range map[string]struct {
		change []string
		want   []string
	}{
		"clientData":  {[]string{"clientData", `{"documentNames":["Contrato de crédito.pdf","Anexo.pdf"]}`}, []string{"Contrato de crédito.pdf", "Anexo.pdf"}},
		"description": {[]string{"description", "House loan"}, []string{"House loan (1/2)", "House loan (2/2)"}},
		"labels": {[]string{"authorization_details", string(details), "hashes", "", "credentialID", "", "numSignatures", "", "scope", ""},
			[]string{"Contract", "Bank " + hex8(d[1])}},
		"nothing": {nil, []string{"Bank " + hex8(d[0]), "Bank " + hex8(d[1])}},
	} {
		t.Run(name, func(t *testing.T) {
			b := r.browser()
			q := askToSign("bank", r.signing.give(r.person, signing.P256).ID, d, append(c.change, "lang", "en-GB")...)
			h, err := r.provider.Load(t.Context(), b.handover(b.authorize(q)))
			if err != nil {
				t.Fatal(err)
			}
			for i, doc := range h.Documents {
				if doc.Name != c.want[i] || string(doc.Digest) != string(d[i]) {
					t.Errorf("document %d is %q", i, doc.Name)
				}
			}
			if h.Service.ID != "bank" || h.Hash != crypto.SHA256 || h.Lang != "en" || h.Session == "" {
				t.Errorf("hand-over is %+v", h)
			}
		})
	}
}

func hex8(d []byte) string {
	const hexdigits = "0123456789abcdef"
	var s strings.Builder
	for _, b := range d[len(d)-4:] {
		s.WriteByte(hexdigits[b>>4])
		s.WriteByte(hexdigits[b&15])
	}
	return s.String()
}

func TestS13_rich_request_is_answered_with_the_credential_and_its_digests(t *testing.T) {
	r := newRig(t)
	key := r.signing.give(r.person, signing.P256)
	details, _ := json.Marshal([]any{map[string]any{
		"type": "credential", "signatureQualifier": "eu_eidas_aes", "hashAlgorithmOID": sha256OID, "numSignatures": 1,
		"documentDigests": []any{map[string]any{"hash": b64(digest("contract")), "label": "Contract", "hashType": "DTBSR"}},
	}})
	pushed := r.form("pushed_authorize", "bank", ask("bank", "scope", "", "authorization_details", string(details)))
	if pushed.status != http.StatusCreated {
		t.Fatalf("%d %s", pushed.status, pushed.body)
	}
	b := r.browser()
	begun := b.authorize(url.Values{"client_id": {"bank"}, "request_uri": {pushed.text(t, "request_uri")}, "state": {"ignored"}})
	back := b.agree(begun, r.person)
	if q := back.location.Query(); q.Get("state") != "st" || q.Get("iss") != r.server.URL+"/csc/v2" {
		t.Errorf("answered to %v", back.location)
	}
	got := r.exchange("bank", back)
	out := got.json(t)
	if out["credentialID"] != key.ID || out["scope"] != "credential" || got.json(t)["refresh_token"] != nil {
		t.Errorf("tokens are %s", got.body)
	}
	one := out["authorization_details"].([]any)[0].(map[string]any)
	if one["credentialID"] != key.ID || one["documentDigests"].([]any)[0].(map[string]any)["label"] != "Contract" {
		t.Errorf("details are %v", one)
	}
}

func TestS13_list_and_info_tell_of_the_persons_own_keys_only(t *testing.T) {
	r := newRig(t)
	key := r.signing.give(r.person, signing.RSA3072)
	other := r.signing.give(r.admit("Bento", "+351929943619", "ZZ990418", "399412859"), signing.P256)
	token := r.token("bank", phone)
	list := r.call(token, "credentials/list", map[string]any{"credentialInfo": true, "certInfo": true, "authInfo": true, "certificates": "chain", "onlyValid": true})
	ids := list.json(t)["credentialIDs"].([]any)
	if len(ids) != 1 || ids[0] != key.ID {
		t.Fatalf("lists %v", ids)
	}
	info := list.json(t)["credentialInfos"].([]any)[0].(map[string]any)
	if info["SCAL"] != "2" || info["auth"].(map[string]any)["mode"] != "oauth2code" || info["multisign"] != 100.0 || len(info["cert"].(map[string]any)["certificates"].([]any)) != 2 {
		t.Errorf("info is %v", info)
	}
	refused(t, r.call(token, "credentials/info", map[string]any{"credentialID": other.ID}), 400, "invalid_request", "Invalid parameter credentialID")
	refused(t, r.call(token, "credentials/info", map[string]any{}), 400, "invalid_request", "Missing (or invalid type) string parameter credentialID")
	refused(t, r.call(token, "credentials/info", map[string]any{"credentialID": key.ID, "certificates": "all"}), 400, "invalid_request", "Invalid parameter certificates")
	refused(t, r.call(token, "credentials/list", map[string]any{"userID": "somebody"}), 400, "invalid_request", "userID parameter MUST be null")
}

func TestT8_info_says_that_signatures_are_not_qualified(t *testing.T) {
	r := newRig(t)
	info := r.call("", "info", map[string]any{"lang": "en-US"}).json(t)
	if info["specs"] != "2.0.0.2" || !strings.Contains(info["description"].(string), "not qualified") || info["lang"] != "en" {
		t.Errorf("info is %v", info)
	}
	for _, method := range []string{"info", "oauth2/pushed_authorize", "credentials/authorizeCheck", "signatures/signDoc", "signatures/timestamp"} {
		if !strings.Contains(strings.Join(words(info["methods"]), " "), method) {
			t.Errorf("%s is not offered", method)
		}
	}
}

func words(all any) []string {
	var s []string
	for _, one := range all.([]any) {
		s = append(s, one.(string))
	}
	return s
}

func TestS13_metadata_names_the_same_issuer_as_answers(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/.well-known/oauth-authorization-server/csc/v2", "/csc/v2/.well-known/oauth-authorization-server"} {
		if got := r.browser().get(path).text(t, "issuer"); got != r.server.URL+"/csc/v2" {
			t.Errorf("%s names %q", path, got)
		}
	}
}

func TestS11_timestamp(t *testing.T) {
	r := newRig(t)
	token := r.token("bank", phone)
	got := r.call(token, "signatures/timestamp", map[string]any{"hash": b64(digest("x")), "hashAlgo": sha256OID, "nonce": "0A1b"})
	if text, _ := base64.StdEncoding.DecodeString(got.text(t, "timestamp")); string(text) != "token:"+string(digest("x")) {
		t.Errorf("%s", got.body)
	}
	refused(t, r.call(token, "signatures/timestamp", map[string]any{"hash": b64(digest("x")), "hashAlgo": sha1OID}), 400, "invalid_request", "Invalid parameter hashAlgo")
	refused(t, r.call(token, "signatures/timestamp", map[string]any{"hash": "", "hashAlgo": sha256OID}), 400, "invalid_request", "Empty hash parameter")
	refused(t, r.call(token, "signatures/timestamp", map[string]any{"hashAlgo": sha256OID}), 400, "invalid_request", "Missing (or invalid type) string parameter hash")
	refused(t, r.call(token, "signatures/timestamp", map[string]any{"hash": b64(digest("x")), "hashAlgo": sha256OID, "nonce": "xyz"}), 400, "invalid_request", "Invalid parameter nonce")
	refused(t, r.call(token, "signatures/timestamp", map[string]any{"hash": "AAAA", "hashAlgo": sha256OID}), 400, "invalid_request", "Invalid digest value length")
}
