package csc_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"chave/internal/core/certificate"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/message"
	"chave/internal/core/signing"
	"chave/internal/format/ades"
	"chave/internal/format/tsp"
	"chave/internal/outside/pki"
	"chave/internal/outside/store"
	"chave/internal/wire/csc"
)

// real is the rig with nothing stood in for: core/signing, the authorities, AdES.
type real struct {
	*rig
	service   *signing.Service
	authority *pki.Authority
	helpers   ades.Helpers
	key       string
	stampFail error
}

type free struct{}

func (free) StandingOf(context.Context, citizen.Person) (citizen.Standing, error) {
	return citizen.Standing{Accompanied: citizen.No}, nil
}

func newReal(t testing.TB, alg signing.Alg) *real {
	t.Helper()
	r := &real{}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	r.rig = newRig(t, func(early *rig) {
		profiles, err := pki.Settings{Address: "https://chave.example", RootAlg: "RS256", IssuingAlg: "RS256", TSAAlg: "ES256"}.Check()
		must(err)
		log := slog.New(slog.DiscardHandler)
		db, vault, now, p := early.db, early.vault, early.clock, early.provider
		r.authority = &pki.Authority{
			Do: store.In[certificate.Tx](db), View: store.InView[certificate.Tx](db), Keys: vault, Profiles: profiles, Now: now, Rand: rand.Reader, Log: log, MakesRoot: true,
		}
		must(r.authority.Ensure(t.Context()))
		policy := credential.Policy{Zone: time.UTC, Argon2MemKB: 64, CodesPerPerson: 1000, CodesPerAddress: 1000}.Defaults()
		r.service = &signing.Service{
			Do: store.In[signing.Tx](db), View: store.InView[signing.Tx](db), Vault: vault, Hasher: credential.Hasher{Vault: vault, Rand: rand.Reader, Policy: policy},
			Policy: policy, Rules: signing.Rules{Terms: "1"}, Authority: r.authority, Registry: free{}, Now: now, Rand: rand.Reader, Wake: func() {}, Log: log,
			AddressKey: func(a string) []byte { return vault.MAC("address", []byte(a)) },
		}
		r.helpers = ades.Helpers{
			Timestamp: func(ctx context.Context, h crypto.Hash, digest []byte) ([]byte, error) {
				if r.stampFail != nil {
					return nil, r.stampFail
				}
				return r.authority.Timestamp(ctx, h, digest)
			},
			OCSP: r.authority.Status, CRL: r.authority.List,
		}
		p.Signing, p.Timestamp = r.service, r.authority.Token
		p.Documents = csc.AdES{Helpers: r.helpers, Now: now, Log: log}
	})
	chosen, err := credential.ParsePIN(signPIN)
	must(err)
	made, err := r.service.Activate(t.Context(), signing.Activation{Person: r.person, Operator: "operator", Alg: alg, PIN: chosen, Again: chosen, Terms: "1"})
	must(err)
	r.key = made.ID
	r.lastCode = r.sentCode
	r.sentCode()
	return r
}

// sentCode drains the outbox and gives the newest code to sign.
func (r *real) sentCode() (code string) {
	r.t.Helper()
	err := r.db.Do(context.Background(), func(tx *store.Tx) error {
		all, err := tx.LeaseMessages("test", 1000, r.clock(), r.clock().Add(time.Second))
		if err != nil {
			return err
		}
		var ids []string
		for _, m := range all {
			ids = append(ids, m.ID)
			if m.Kind == message.SignCode {
				code = m.Data["code"]
			}
		}
		return tx.DoneMessages("test", ids)
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return code
}

func TestT2_over_the_real_key_nothing_but_what_was_confirmed_is_signed(t *testing.T) {
	for name, c := range map[string]struct {
		alg  signing.Alg
		algo string
	}{"RSA-3072": {signing.RSA3072, rsaOID}, "P-256": {signing.P256, ecdsaOID}} {
		t.Run(name, func(t *testing.T) {
			r := newReal(t, c.alg)
			first, rest := digest("contract"), digest("annex")
			sad := r.sad("bank", r.key, first, rest)
			body := func(digests ...[]byte) map[string]any {
				return map[string]any{"credentialID": r.key, "hashes": b64s(digests...), "signAlgo": c.algo}
			}
			wrong := bytes.Clone(first)
			wrong[0] ^= 0x80
			refused(t, r.call(sad, "signatures/signHash", body(wrong)), 400, "invalid_request", "Hash is not authorized by the SAD")
			got := r.call(sad, "signatures/signHash", body(first))
			if got.status != http.StatusOK {
				t.Fatalf("%d %s", got.status, got.body)
			}
			r.verify(sad, r.key, got, first)
			refused(t, r.call(sad, "signatures/signHash", body(first)), 400, "invalid_request", "Invalid parameter SAD")
			refused(t, r.call(sad, "credentials/extendTransaction", extension(r.key, sad, first)), 400, "invalid_request", "Hash is not authorized by the SAD")
			next := r.call(sad, "credentials/extendTransaction", extension(r.key, sad, rest)).text(t, "SAD")
			refused(t, r.call(sad, "signatures/signHash", body(rest)), 400, "invalid_request", "")
			r.verify(next, r.key, r.call(next, "signatures/signHash", body(rest)), rest)
			refused(t, r.call(next, "signatures/signHash", body(rest)), 400, "invalid_request", "Invalid parameter SAD")
			refused(t, r.call(next, "credentials/extendTransaction", extension(r.key, next, rest)), 400, "invalid_request", "")
		})
	}
}

func TestT2_revoked_sad_signs_nothing_over_the_real_key(t *testing.T) {
	r := newReal(t, signing.P256)
	token := r.token("bank", phone)
	sad := r.sad("bank", r.key, digest("contract"))
	r.form("revoke", "bank", map[string][]string{"token": {sad}})
	refused(t, r.call(token, "signatures/signHash", signing1(r.key, sad, digest("contract"))), 400, "invalid_request", "SAD expired")
	history, err := r.service.History(t.Context(), r.person, 10)
	if err != nil || len(history) != 0 {
		t.Errorf("history has %d entries, %v", len(history), err)
	}
}

func TestT5_explicit_authorization_over_the_real_key(t *testing.T) {
	r := newReal(t, signing.P256)
	r.register(agency())
	d := [][]byte{digest("contract")}
	token := r.token("agency", phone)
	refused(t, r.call(token, "credentials/authorize", authorization(r.key, d, "PIN", "193746")), 400, "invalid_authentication_data", "The authentication data is invalid")
	if code := r.sentCode(); code != "" {
		t.Error("a wrong PIN sent a code")
	}
	begun := r.call(token, "credentials/authorize", authorization(r.key, d, "PIN", signPIN))
	if begun.status != http.StatusAccepted {
		t.Fatalf("%d %s", begun.status, begun.body)
	}
	code := r.sentCode()
	if got := r.call(token, "credentials/authorizeCheck", map[string]any{"handle": begun.text(t, "handle")}); got.status != http.StatusAccepted {
		t.Errorf("%d %s", got.status, got.body)
	}
	r.advance(31 * time.Second)
	if got := r.call(token, "credentials/getChallenge", map[string]any{"credentialID": r.key, "authObjectID": "OTP"}); got.status != http.StatusNoContent {
		t.Fatalf("%d %s", got.status, got.body)
	}
	again := r.sentCode()
	if again != code {
		refused(t, r.call(token, "credentials/authorize", authorization(r.key, d, "OTP", code)), 400, "invalid_authentication_data", "")
	}
	got := r.call(token, "credentials/authorize", authorization(r.key, d, "OTP", again))
	if got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	r.verify(token, r.key, r.call(token, "signatures/signHash", signing1(r.key, got.text(t, "SAD"), d[0])), d[0])
	history, err := r.service.History(t.Context(), r.person, 10)
	if err != nil || len(history) != 1 || history[0].Names[0] != "Contract" || history[0].Wire != "csc" {
		t.Errorf("history is %+v, %v", history, err)
	}
}

func TestR5_09_signature_pin_is_blocked_over_this_wire_too(t *testing.T) {
	r := newReal(t, signing.P256)
	r.register(agency())
	d := [][]byte{digest("contract")}
	token := r.token("agency", phone)
	for range 3 {
		r.call(token, "credentials/authorize", authorization(r.key, d, "PIN", "193746"))
	}
	refused(t, r.call(token, "credentials/authorize", authorization(r.key, d, "PIN", signPIN)), 400, "invalid_request", "Credential locked")
	info := r.call(token, "credentials/info", map[string]any{"credentialID": r.key}).json(t)
	if info["key"].(map[string]any)["status"] != "disabled" {
		t.Errorf("info says %v", info["key"])
	}
}

// onePage is a PDF of our own.
func onePage(line string) []byte {
	var b bytes.Buffer
	var at []int
	object := func(body string) {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(at), body)
	}
	text := "BT /F1 18 Tf 60 720 Td (" + line + ") Tj ET"
	b.WriteString("%PDF-1.7\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	object("<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
	object("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>")
	object(fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(text), text))
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, o := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, start)
	return b.Bytes()
}

// signed sends documents through calculateHash, hand-over and signDoc.
func (r *real) signed(entries ...any) map[string]any {
	r.t.Helper()
	body := map[string]any{"credentialID": r.key, "documents": entries}
	digests, date := r.calculated(r.token("bank", phone), body)
	body["signature_date"] = date
	sad := r.sad("bank", r.key, digests...)
	r.advance(20 * time.Second) // people read
	got := r.call(sad, "signatures/signDoc", body)
	if got.status != http.StatusOK {
		r.t.Fatalf("%d %s", got.status, got.body)
	}
	return got.json(r.t)
}

func (r *real) judge(file []byte, detached []byte) ades.Report {
	r.t.Helper()
	roots, err := r.authority.Roots(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	report, err := ades.Validate(r.t.Context(), file, ades.Validation{Roots: roots, At: r.clock(), Helpers: r.helpers, Detached: detached})
	if err != nil || len(report.Signatures) != 1 {
		r.t.Fatalf("%+v %v", report, err)
	}
	return report
}

func decoded(t testing.TB, all any, i int) []byte {
	t.Helper()
	list, _ := all.([]any)
	if i >= len(list) {
		t.Fatalf("no part %d of %v", i, all)
	}
	b, err := base64.StdEncoding.DecodeString(list[i].(string))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestS14_documents_are_signed_at_every_level(t *testing.T) {
	r := newReal(t, signing.P256)
	for _, level := range []string{"B-B", "B-T", "B-LT", "B-LTA"} {
		t.Run("PAdES "+level, func(t *testing.T) {
			page := onePage("Contract at " + level)
			out := r.signed(document(string(page), "conformance_level", "Ades-"+level))
			report := r.judge(decoded(t, out["DocumentWithSignature"], 0), nil)
			if s := report.Signatures[0]; s.Verdict != ades.Valid || string(s.Level) != level || words(out["conformance_levels_reached"])[0] != "Ades-"+level {
				t.Errorf("%s at %s: %v", s.Verdict, s.Level, s.Reasons)
			}
			if file := decoded(t, out["DocumentWithSignature"], 0); !bytes.HasPrefix(file, page) {
				t.Error("what came is not what is signed")
			}
		})
		if level == "B-LTA" {
			continue
		}
		t.Run("CAdES "+level, func(t *testing.T) {
			out := r.signed(document("some text", "signature_format", "C", "conformance_level", "Ades-"+level))
			report := r.judge(decoded(t, out["SignatureObject"], 0), []byte("some text"))
			if s := report.Signatures[0]; s.Verdict != ades.Valid || string(s.Level) != level {
				t.Errorf("%s at %s: %v", s.Verdict, s.Level, s.Reasons)
			}
		})
	}
}

func TestA20_without_timestamps_the_signature_is_kept_and_its_level_told(t *testing.T) {
	r := newReal(t, signing.P256)
	r.stampFail = fault.New(fault.TimestampUnavailable)
	out := r.signed(document(string(onePage("Contract")), "conformance_level", "Ades-B-LT"))
	if words(out["conformance_levels_reached"])[0] != "Ades-B-B" {
		t.Errorf("reached %v", out["conformance_levels_reached"])
	}
	if s := r.judge(decoded(t, out["DocumentWithSignature"], 0), nil).Signatures[0]; s.Verdict == ades.Invalid || !s.Intact {
		t.Errorf("%s: %v", s.Verdict, s.Reasons)
	}
}

func TestS13_files_that_cannot_be_signed_say_why(t *testing.T) {
	r := newReal(t, signing.P256)
	token := r.token("bank", phone)
	page := string(onePage("Contract"))
	for name, c := range map[string]struct {
		file string
		want fault.Code
	}{"not a PDF": {"hello", fault.NotPDF}, "cut off": {page[:len(page)/2], fault.PDFDamaged}} {
		t.Run(name, func(t *testing.T) {
			got := r.call(token, "signatures/calculateHash", map[string]any{"credentialID": r.key, "documents": []any{document(c.file)}})
			refused(t, got, 400, "invalid_request", "")
			if got.text(t, "chave_code") != string(c.want) {
				t.Errorf("said %s", got.body)
			}
		})
	}
	t.Run("certified", func(t *testing.T) {
		out := r.signed(document(page, "conformance_level", "Ades-B-B", "signed_envelope_property", "Certification"))
		certified := decoded(t, out["DocumentWithSignature"], 0)
		got := r.call(token, "signatures/calculateHash", map[string]any{
			"credentialID": r.key, "documents": []any{document(string(certified), "signed_envelope_property", "Certification")},
		})
		if got.text(t, "chave_code") != string(fault.PDFLocked) {
			t.Errorf("a second certification: %d %s", got.status, got.body)
		}
	})
}

func TestS11_timestamp_answers_this_request(t *testing.T) {
	r := newReal(t, signing.P256)
	token := r.token("bank", phone)
	for _, oid := range []string{sha256OID, "2.16.840.1.101.3.4.2.2", "2.16.840.1.101.3.4.2.3"} {
		size := map[string]int{sha256OID: 32}[oid]
		if size == 0 {
			size = map[string]int{"2": 48, "3": 64}[oid[len(oid)-1:]]
		}
		got := r.call(token, "signatures/timestamp", map[string]any{"hash": b64(bytes.Repeat([]byte{7}, size)), "hashAlgo": oid, "nonce": "0a1b2c"})
		der, _ := base64.StdEncoding.DecodeString(got.text(t, "timestamp"))
		made, err := tsp.ParseToken(der)
		if err != nil || made.Nonce.Text(16) != "a1b2c" || len(made.Digest) != size {
			t.Errorf("%s: %v %s", oid, err, strings.TrimSpace(string(got.body)))
		}
	}
}

func TestT3_of_many_callers_at_once_one_gets_the_signature(t *testing.T) {
	r := newReal(t, signing.P256)
	d := digest("contract")
	sad := r.sad("bank", r.key, d)
	results := make(chan int, 8)
	for range cap(results) {
		go func() { results <- r.call(sad, "signatures/signHash", signing1(r.key, "", d)).status }()
	}
	won := 0
	for range cap(results) {
		if <-results == http.StatusOK {
			won++
		}
	}
	history, err := r.service.History(t.Context(), r.person, 10)
	if won != 1 || err != nil || len(history) != 1 {
		t.Errorf("%d won, history has %d entries, %v", won, len(history), err)
	}
}
