package csc_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"chave/internal/core/service"
	"chave/internal/core/signing"
	"chave/internal/wire/csc"
)

func document(text string, change ...any) map[string]any {
	one := map[string]any{"document": b64([]byte(text)), "signature_format": "P", "conformance_level": "Ades-B-LT", "signAlgo": ecdsaOID}
	for i := 0; i+1 < len(change); i += 2 {
		one[change[i].(string)] = change[i+1]
	}
	return one
}

// calculated asks what the key will sign, and turns the answer into what authorize needs.
func (r *rig) calculated(token string, body map[string]any) (digests [][]byte, date any) {
	r.t.Helper()
	got := r.call(token, "signatures/calculateHash", body)
	if got.status != http.StatusOK {
		r.t.Fatalf("%d %s", got.status, got.body)
	}
	out := got.json(r.t)
	for _, text := range out["hashes"].([]any) {
		d, _ := base64.StdEncoding.DecodeString(text.(string))
		digests = append(digests, d)
	}
	var exact struct {
		Date json.Number `json:"signature_date"`
	}
	_ = json.Unmarshal(got.body, &exact)
	return digests, exact.Date
}

func TestT2_sad_for_documents_is_for_what_the_key_signs(t *testing.T) {
	r := newRig(t)
	key := r.signing.give(r.person, signing.P256)
	token := r.token("bank", phone)
	reason := []any{map[string]any{"attribute_name": "Reason", "attribute_value": b64([]byte("I agree"))}}
	body := map[string]any{"credentialID": key.ID, "documents": []any{document("%PDF one", "signed_props", reason), document("text", "signature_format", "C")}}
	digests, date := r.calculated(token, body)
	sad := r.sad("bank", key.ID, digests...)
	body["signature_date"] = date

	t.Run("a changed document", func(t *testing.T) {
		changed := map[string]any{"credentialID": key.ID, "signature_date": date, "documents": []any{document("%PDF two", "signed_props", reason), document("text", "signature_format", "C")}}
		refused(t, r.call(sad, "signatures/signDoc", changed), 403, "invalid_hash", "Document or documentDigest does not match authorized hash")
	})
	t.Run("a changed reason", func(t *testing.T) {
		changed := map[string]any{"credentialID": key.ID, "signature_date": date, "documents": []any{document("%PDF one")}}
		refused(t, r.call(sad, "signatures/signDoc", changed), 403, "invalid_hash", "")
	})
	t.Run("as confirmed", func(t *testing.T) {
		got := r.call(sad, "signatures/signDoc", body)
		if got.status != http.StatusOK {
			t.Fatalf("%d %s", got.status, got.body)
		}
		out := got.json(t)
		signed, _ := base64.StdEncoding.DecodeString(out["DocumentWithSignature"].([]any)[0].(string))
		if !strings.HasPrefix(string(signed), "%PDF one|") || len(out["SignatureObject"].([]any)) != 1 {
			t.Errorf("got %v", out)
		}
		if words(out["conformance_levels_reached"])[0] != "Ades-B-LT" {
			t.Errorf("reached %v", out["conformance_levels_reached"])
		}
	})
	t.Run("once", func(t *testing.T) {
		refused(t, r.call(sad, "signatures/signDoc", body), 400, "invalid_request", "Invalid parameter SAD")
	})
}

func TestS13_digests_of_documents_give_detached_signatures(t *testing.T) {
	r := newRig(t)
	key := r.signing.give(r.person, signing.P256)
	entry := map[string]any{"hashes": b64s(digest("one"), digest("two")), "hashAlgorithmOID": sha256OID, "signature_format": "C", "signAlgo": ecdsaOID}
	body := map[string]any{"credentialID": key.ID, "documentDigests": []any{entry}}
	digests, date := r.calculated(r.token("bank", phone), body)
	if len(digests) != 2 {
		t.Fatalf("%d digests", len(digests))
	}
	sad := r.sad("bank", key.ID, digests...)
	body["signature_date"], body["signatureQualifier"] = date, "eu_eidas_aes"
	delete(body, "credentialID") // the qualifier stands for it
	got := r.call(sad, "signatures/signDoc", body)
	if got.status != http.StatusOK || len(got.json(t)["SignatureObject"].([]any)) != 2 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestS13_documents_of_every_wrong_shape(t *testing.T) {
	r := newRig(t)
	key := r.signing.give(r.person, signing.P256)
	token := r.token("bank", phone)
	good := document("%PDF")
	for name, c := range map[string]struct {
		body map[string]any
		says string
	}{
		"nothing":          {map[string]any{}, "Empty documentDigests and documents objects"},
		"no documents":     {map[string]any{"documents": []any{}}, "Empty documentDigests and documents objects"},
		"both":             {map[string]any{"documents": []any{good}, "documentDigests": []any{good}}, "Both documentDigests and documents parameters passed"},
		"not an array":     {map[string]any{"documents": "x"}, "Invalid array parameter documents"},
		"not objects":      {map[string]any{"documents": []any{1}}, "Invalid array parameter documents"},
		"not base64":       {map[string]any{"documents": []any{document("", "document", "**")}}, "Invalid Base64 documents string parameter"},
		"empty":            {map[string]any{"documents": []any{document("", "document", "")}}, "Invalid Base64 documents string parameter"},
		"a number":         {map[string]any{"documents": []any{document("", "document", 7)}}, "Missing (or invalid type) string parameter document"},
		"XAdES":            {map[string]any{"documents": []any{document("x", "signature_format", "X")}}, "Invalid parameter signature_format"},
		"no format":        {map[string]any{"documents": []any{document("x", "signature_format", nil)}}, "Missing (or invalid type) string parameter signature_format"},
		"unknown level":    {map[string]any{"documents": []any{document("x", "conformance_level", "Ades-B-X")}}, "Invalid parameter conformance_level"},
		"archived CAdES":   {map[string]any{"documents": []any{document("x", "signature_format", "C", "conformance_level", "Ades-B-LTA")}}, "Invalid parameter conformance_level"},
		"PDF data unseen":  {map[string]any{"documentDigests": []any{document("", "document", nil, "hashes", b64s(digest("x")))}}, "Invalid parameter conformance_level"},
		"attached":         {map[string]any{"documents": []any{document("x", "signature_format", "C", "signed_envelope_property", "Attached")}}, "Invalid parameter signed_envelope_property"},
		"unknown property": {map[string]any{"documents": []any{document("x", "signed_props", []any{map[string]any{"attribute_name": "mime-type", "attribute_value": "AA=="}})}}, "Invalid parameter signed_props (mime-type)"},
		"no algorithm":     {map[string]any{"documents": []any{document("x", "signAlgo", nil)}}, "Missing (or invalid type) string parameter signAlgo"},
		"another key's":    {map[string]any{"documents": []any{document("x", "signAlgo", rsaOID)}}, "Invalid parameter signAlgo"},
		"contradiction":    {map[string]any{"documents": []any{document("x", "hashAlgorithmOID", "2.16.840.1.101.3.4.2.3")}}, "String parameter hashAlgorithmOID contradicts"},
		"two hashes":       {map[string]any{"documents": []any{good, document("x", "signAlgo", "1.2.840.10045.4.3.4")}}, "all of a request is signed with one hash algorithm"},
		"short digest":     {map[string]any{"documentDigests": []any{document("", "document", nil, "hashes", []string{"AAAA"}, "conformance_level", "Ades-B-B")}}, "Invalid digest value length"},
	} {
		t.Run(name, func(t *testing.T) {
			c.body["credentialID"] = key.ID
			refused(t, r.call(token, "signatures/calculateHash", c.body), 400, "invalid_request", c.says)
		})
	}
	many := make([]any, 101)
	for i := range many {
		many[i] = good
	}
	refused(t, r.call(token, "signatures/calculateHash", map[string]any{"credentialID": key.ID, "documents": many}), 400, "invalid_request", "Numbers of signatures is too high")
}

func TestT2_claimed_time_is_part_of_what_is_signed(t *testing.T) {
	r := newRig(t)
	key := r.signing.give(r.person, signing.P256)
	body := map[string]any{"credentialID": key.ID, "documents": []any{document("%PDF")}}
	digests, _ := r.calculated(r.token("bank", phone), body)
	sad := r.sad("bank", key.ID, digests...)
	refused(t, r.call(sad, "signatures/signDoc", body), 400, "invalid_request", "Missing (or invalid type) integer parameter signature_date")
	body["signature_date"] = r.clock().Add(-2 * time.Hour).UnixMilli()
	refused(t, r.call(sad, "signatures/signDoc", body), 400, "invalid_request", "Invalid parameter signature_date")
	body["signature_date"] = r.clock().Add(-time.Second).UnixMilli()
	refused(t, r.call(sad, "signatures/signDoc", body), 403, "invalid_hash", "")
}

func TestS13_documents_need_a_registration_for_them(t *testing.T) {
	r := newRig(t)
	s := bank()
	s.CSC = &service.CSC{}
	r.register(s)
	token := r.token("bank", phone)
	refused(t, r.call(token, "signatures/calculateHash", map[string]any{}), 400, "unauthorized_client", "")
	refused(t, r.call(token, "signatures/signDoc", map[string]any{}), 400, "unauthorized_client", "")
}

func TestS13_installation_without_documents_offers_none(t *testing.T) {
	r := newRig(t, func(r *rig) { r.provider.Documents, r.provider.Timestamp = nil, nil })
	info := r.call("", "info", "{}").json(t)
	if all := strings.Join(words(info["methods"]), " "); strings.Contains(all, "signDoc") || strings.Contains(all, "timestamp") {
		t.Errorf("offers %s", all)
	}
	for _, method := range []string{"signatures/signDoc", "signatures/signPolling", "credentials/sendOTP", "auth/login", ""} {
		refused(t, r.call("", method, "{}"), http.StatusNotImplemented, "invalid_request", "this method is not offered")
	}
}

// slow is a document that is being signed until a test lets go.
type slow struct {
	paper
	entered chan struct{}
	leave   chan struct{}
}

func (s slow) Prepare(one csc.Sheet) (csc.Prepared, error) {
	s.entered <- struct{}{}
	<-s.leave
	return s.paper.Prepare(one)
}

func TestA20_only_so_many_documents_are_held_at_once(t *testing.T) {
	busy := slow{entered: make(chan struct{}), leave: make(chan struct{})}
	r := newRig(t, func(r *rig) { r.provider.Documents, r.provider.Large = busy, 1 })
	key := r.signing.give(r.person, signing.P256)
	token := r.token("bank", phone)
	body := map[string]any{"credentialID": key.ID, "documents": []any{document("%PDF")}}
	done := make(chan page)
	go func() { done <- r.call(token, "signatures/calculateHash", body) }()
	<-busy.entered
	got := r.call(token, "signatures/calculateHash", body)
	refused(t, got, 503, "temporarily_unavailable", "too many documents at once")
	if got.header.Get("Retry-After") != "2" {
		t.Errorf("retry after %q", got.header.Get("Retry-After"))
	}
	refused(t, r.call("stranger", "signatures/calculateHash", body), 401, "invalid_token", "")
	busy.leave <- struct{}{}
	if first := <-done; first.status != http.StatusOK {
		t.Errorf("the first got %d %s", first.status, first.body)
	}
}
