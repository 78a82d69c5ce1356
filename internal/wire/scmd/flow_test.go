package scmd_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/signing"
)

func TestS8_11_a_single_signature(t *testing.T) {
	r := newRig(t)
	for _, w := range wires() {
		t.Run(w.name, func(t *testing.T) {
			process := r.begun(w.signRequest())
			got := r.do(w.validateRequest(process, otp))
			signature, err := base64.StdEncoding.DecodeString(got.member("Signature"))
			if err != nil || got.code() != "200" || got.member("ArrayOfHashStructure") != "nil" || got.member("certificate") != "nil" || got.process() != process {
				t.Fatalf("answered %s", got.raw)
			}
			t.Run("S8_14 PKCS#1 v1.5 over the DigestInfo, 384 bytes", func(t *testing.T) {
				if len(signature) != 384 || !signedBy("contract", signature) {
					t.Errorf("%d bytes", len(signature))
				}
			})
			t.Run("§6.28 the same answer within a minute, then 900", func(t *testing.T) {
				r.advance(59 * time.Second)
				again := r.do(w.validateRequest(strings.ToUpper(process), otp))
				if again.raw != got.raw {
					t.Errorf("answered %s", again.raw)
				}
				r.advance(2 * time.Second)
				if late := r.do(w.validateRequest(process, otp)); late.code() != "900" || late.member("Signature") != "nil" {
					t.Errorf("answered %s", late.raw)
				}
			})
		})
	}
}

func TestS8_11_a_batch_keeps_order_names_and_ids(t *testing.T) {
	r := newRig(t)
	for _, w := range wires() {
		t.Run(w.name, func(t *testing.T) {
			docs := []doc{{"b & <c>.pdf", "1", digestInfo("one")}, {"á ção.pdf", "0", digestInfo("two")}, {"b & <c>.pdf", "", digestInfo("three")}, {"", "x", digestInfo("four")}}
			process := r.begun(w.batchRequest(docs...))
			got := r.do(w.validateRequest(process, otp))
			if got.code() != "200" || got.member("Signature") != "nil" || got.member("certificate") != "nil" {
				t.Fatalf("answered %s", got.raw)
			}
			parts := strings.Split(got.raw, "<a:HashStructure>")[1:]
			if len(parts) != len(docs) {
				t.Fatalf("%d results", len(parts))
			}
			for i, part := range parts {
				one := reply{raw: part}
				signature, _ := base64.StdEncoding.DecodeString(one.member("Hash"))
				if one.member("Name") != docs[i].name || one.member("id") != docs[i].id || !signedBy([]string{"one", "two", "three", "four"}[i], signature) {
					t.Errorf("result %d: %s", i, part)
				}
			}
		})
	}
	t.Run("§6.11 one document is a list too", func(t *testing.T) {
		w := wires()[0]
		got := r.do(w.validateRequest(r.begun(w.batchRequest(doc{"a.pdf", "0", digestInfo("one")})), otp))
		if got.member("Signature") != "nil" || strings.Count(got.raw, "<a:HashStructure>") != 1 {
			t.Errorf("answered %s", got.raw)
		}
	})
}

func TestS8_13_chain_leaf_root_issuing_and_no_line_end_after_it(t *testing.T) {
	r := newRig(t)
	for _, w := range wires() {
		t.Run(w.name, func(t *testing.T) {
			direct := between(r.do(w.certificateRequest(phone)).raw, "<GetCertificateResult>", "</GetCertificateResult>")
			got := r.do(w.validateRequest(r.begun(w.withPINRequest()), otp))
			if got.member("certificate") != direct || got.member("Signature") != "nil" || got.member("ArrayOfHashStructure") != "nil" {
				t.Errorf("with PIN: %s", got.raw)
			}
			if asked := r.signing.lastAsked(); asked.Purpose != signing.ShowCertificate || len(asked.Documents) != 0 || asked.Hash != 0 {
				t.Errorf("asked for %+v", asked)
			}
			if strings.ContainsAny(direct, "\r&") || !strings.HasSuffix(direct, "\n-----END CERTIFICATE-----") || !strings.HasPrefix(direct, "-----BEGIN CERTIFICATE-----\n") {
				t.Errorf("text %q", direct)
			}
			var names []string
			for rest := []byte(direct); len(rest) > 0; {
				var block *pem.Block
				if block, rest = pem.Decode(rest); block == nil {
					t.Fatalf("left over: %q", rest)
				}
				cert, err := x509.ParseCertificate(block.Bytes)
				if err != nil {
					t.Fatal(err)
				}
				names = append(names, cert.Subject.CommonName)
			}
			if strings.Join(names, " ") != "Leaf Root Issuing" {
				t.Errorf("order %v", names)
			}
			for _, line := range strings.Split(direct, "\n") {
				if len(line) > 64 {
					t.Errorf("a line of %d columns", len(line))
				}
			}
		})
	}
}

func TestS1_4_GetCertificate_gives_nil_for_whoever_has_none(t *testing.T) {
	const none = `<GetCertificateResponse xmlns="http://Ama.Authentication.Service/"><GetCertificateResult i:nil="true" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"/></GetCertificateResponse>`
	for _, w := range wires() {
		for name, c := range map[string]struct {
			fault  error
			change func(*request)
		}{
			"a number that nobody has":  {nil, func(q *request) { *q = w.certificateRequest("+351 960000000") }},
			"not a number":              {nil, func(q *request) { *q = w.certificateRequest("nobody") }},
			"not decrypted":             {nil, func(q *request) { q.inside = members("", "applicationId", app(appID), "userId", "AAAA") }},
			"signing is not active":     {fault.New(fault.SigningInactive), nil},
			"the certificate is put on": {fault.New(fault.SigningSuspended), nil},
			"another's application":     {nil, func(q *request) { q.inside = strings.ReplaceAll(q.inside, app(appID), app(otherID)) }},
			"no user":                   {nil, func(q *request) { q.inside = members("", "applicationId", app(appID)) }},
			"no application":            {nil, func(q *request) { q.inside = members("", "userId", w.hide(phone)) }},
		} {
			t.Run(w.name+" "+name, func(t *testing.T) {
				r := newRig(t)
				r.signing.say("SignerOf", c.fault)
				q := w.certificateRequest(phone)
				if c.change != nil {
					c.change(&q)
				}
				if got := r.do(q); got.status != http.StatusOK || !strings.Contains(got.raw, none) {
					t.Errorf("answered %d %s", got.status, got.raw)
				}
			})
		}
	}
	t.Run("an outage is a fault: a nil would say that the person does not sign", func(t *testing.T) {
		r := newRig(t)
		r.signing.say("SignerOf", fault.New(fault.StoreUnavailable))
		if got := r.do(wires()[0].certificateRequest(phone)); got.status != http.StatusInternalServerError || !strings.Contains(got.raw, "a:InternalServiceFault") {
			t.Errorf("answered %d %s", got.status, got.raw)
		}
	})
	t.Run("and asking is limited for each application", func(t *testing.T) {
		r := newRig(t)
		limited := 0
		for range 130 {
			got := r.do(wires()[1].certificateRequest(phone))
			if got.status == http.StatusTooManyRequests && got.header.Get("Retry-After") != "" && strings.Contains(got.raw, "s:Fault") {
				limited++
			} else if got.status != http.StatusOK {
				t.Fatalf("answered %d %s", got.status, got.raw)
			}
		}
		if limited != 10 {
			t.Errorf("%d of 130 were refused", limited)
		}
		other := wires()[1].certificateRequest(phone)
		other.user, other.password, other.inside = "other", "another-long-password", strings.ReplaceAll(other.inside, app(appID), app(otherID))
		if got := r.do(other); got.status != http.StatusOK || !strings.Contains(got.raw, "BEGIN") {
			t.Errorf("another application: %d %s", got.status, got.raw)
		}
	})
}

func TestS8_12_polling_says_900_until_the_person_has_confirmed(t *testing.T) {
	r := newRig(t)
	w := wires()[1]
	process := r.begun(w.signRequest())
	for range 3 {
		got := r.do(pollRequest(process))
		if got.code() != "900" || got.member("Message") == "" || got.member("Signature") != "nil" || got.member("ArrayOfHashStructure") != "nil" || got.member("certificate") != "nil" || got.process() != process {
			t.Fatalf("answered %s", got.raw)
		}
	}
	if _, err := r.signing.ConfirmAndSign(t.Context(), signing.Ref{ID: process, Application: "registry"}, mustCode(t)); err != nil {
		t.Fatal(err)
	}
	got := r.do(pollRequest(process))
	signature, _ := base64.StdEncoding.DecodeString(got.member("Signature"))
	if got.code() != "200" || !signedBy("contract", signature) {
		t.Errorf("answered %s", got.raw)
	}
	t.Run("not for ever", func(t *testing.T) {
		r.advance(61 * time.Second)
		if got := r.do(pollRequest(process)); got.code() != "900" || got.member("Signature") != "nil" {
			t.Errorf("answered %s", got.raw)
		}
	})
	t.Run("for a certificate", func(t *testing.T) {
		process := r.begun(w.withPINRequest())
		if got := r.do(pollRequest(process)); got.code() != "900" || got.member("certificate") != "nil" {
			t.Errorf("answered %s", got.raw)
		}
		if got := r.do(w.validateRequest(process, otp)); got.code() != "200" {
			t.Fatalf("answered %s", got.raw)
		}
		if got := r.do(pollRequest(process)); !strings.HasPrefix(got.member("certificate"), "-----BEGIN") {
			t.Errorf("answered %s", got.raw)
		}
	})
	t.Run("a process of nobody, and one whose time is over, are no longer pending", func(t *testing.T) {
		if got := r.do(pollRequest("0f6d7a0c-5a0c-4b2e-9a55-3b6b0c1d2e3f")); got.code() != "900" {
			t.Errorf("answered %s", got.raw)
		}
		process := r.begun(w.signRequest())
		r.advance(6 * time.Minute)
		if got := r.do(pollRequest(process)); got.code() != "802" {
			t.Errorf("answered %s", got.raw)
		}
	})
	t.Run("§1.4 codes stay below 1000 and are never 0", func(t *testing.T) {
		if n, err := strconv.Atoi(r.do(pollRequest("x")).code()); err != nil || n <= 0 || n >= 1000 || n == 200 {
			t.Errorf("code %d %v", n, err)
		}
	})
}

func TestS1_4_ForceSMS_sends_a_new_code_to_the_one_whose_process_it_is(t *testing.T) {
	r := newRig(t)
	for _, w := range wires() {
		t.Run(w.name, func(t *testing.T) {
			process := r.begun(w.signRequest())
			if got := r.do(w.forceRequest(process, phone)); got.code() != "900" || got.process() != process {
				t.Errorf("at once: %s", got.raw)
			}
			r.advance(31 * time.Second)
			for _, wrong := range []string{"+351 960000000", "nobody"} {
				if got := r.do(w.forceRequest(process, wrong)); got.code() != "900" {
					t.Errorf("%s: %s", wrong, got.raw)
				}
			}
			got := r.do(w.forceRequest(process, strings.ReplaceAll(phone, " ", "")))
			if got.code() != "200" || got.process() != process || got.member("Field") != "nil" {
				t.Errorf("answered %s", got.raw)
			}
			if got := r.do(request{path: w.path, operation: "ForceSMS", inside: members("", "processId", process, "applicationId", app(appID))}); got.code() != "800" || got.member("Field") != "citizenId" {
				t.Errorf("without a user: %s", got.raw)
			}
		})
	}
}
