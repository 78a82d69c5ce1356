package scmd_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"chave/internal/core/fault"
	"chave/internal/outside/store"
	"chave/internal/wire/scmd"
)

func TestS8_9_codes_stand_where_clients_look_for_them(t *testing.T) {
	r := newRig(t)
	for err, want := range map[fault.Code]string{
		fault.SignPINWrong: "801", fault.SigningInactive: "817", fault.SigningSuspended: "817", fault.KeyMismatch: "817", fault.KeyEnded: "817", fault.DocumentExpired: "817",
		fault.SignPINBlocked: "902", fault.KeyBlocked: "901", fault.TemporaryPINExpired: "901", fault.TooManyPending: "900", fault.TooManyCodes: "900", fault.NoChannel: "900",
		fault.NoDocuments: "800", fault.DigestInvalid: "800", fault.HashNotAllowed: "800", fault.TooManyDocuments: "900", fault.KeystoreUnavailable: "503",
		fault.StoreUnavailable: "503", fault.InternalError: "500", fault.RowConflict: "900", fault.OperationExpired: "802",
	} {
		r.signing.say("Prepare", fault.New(err))
		for _, w := range wires() {
			got := r.do(w.signRequest())
			if got.status != http.StatusOK || got.code() != want || got.member("Message") == "" || got.member("Message") == "nil" {
				t.Errorf("%s %s: %d %s", w.name, err, got.status, got.raw)
			}
			if (want == "901" || want == "902") && !strings.Contains(got.member("Message"), "https://chave.example/key") {
				t.Errorf("%s says not where to go: %s", want, got.member("Message"))
			}
			if again := r.do(w.withPINRequest()); again.code() != want {
				t.Errorf("%s with PIN: %s", w.name, again.raw)
			}
		}
	}
	t.Run("ValidateOtp", func(t *testing.T) {
		for err, want := range map[fault.Code]string{
			fault.CodeWrong: "802", fault.CodeExpired: "802", fault.OperationExpired: "802", fault.OperationUnknown: "900", fault.OperationOver: "900", fault.SignPINBlocked: "902",
			fault.KeystoreUnavailable: "503",
		} {
			r.signing.say("ConfirmAndSign", fault.New(err))
			for _, w := range wires() {
				if got := r.do(w.validateRequest("0f6d7a0c-5a0c-4b2e-9a55-3b6b0c1d2e3f", otp)); got.code() != want || got.member("Signature") != "nil" || got.member("ArrayOfHashStructure") != "nil" || got.member("certificate") != "nil" {
					t.Errorf("%s: %s", err, got.raw)
				}
			}
		}
	})
}

func TestS8_9_late_and_used_up_codes(t *testing.T) {
	t.Run("§6.5 816 for late ones where the operator chose it", func(t *testing.T) {
		tells := newRig(t, func(p *scmd.Provider) { p.Rules.TellExpiry = true })
		w := wires()[0]
		process := tells.begun(w.signRequest())
		tells.advance(6 * time.Minute)
		if got := tells.do(w.validateRequest(process, otp)); got.code() != "816" {
			t.Errorf("answered %s", got.raw)
		}
	})
	t.Run("§1.9 three tries, then the process is dead, and 802 to the end", func(t *testing.T) {
		calm := newRig(t)
		for _, w := range wires() {
			process := calm.begun(w.signRequest())
			for _, typed := range []string{"000000", "000001", "000002", otp, otp} {
				if got := calm.do(w.validateRequest(process, typed)); got.code() != "802" || got.member("Signature") != "nil" {
					t.Errorf("%s %s: %s", w.name, typed, got.raw)
				}
			}
		}
	})
}

func TestS8_9_a_failed_process_repeats_its_code_on_CCMovel(t *testing.T) {
	r := newRig(t)
	w := wires()[1]
	failing := map[string]request{
		"801": w.signRequest("Pin", "0000"), "817": w.signRequest("UserId", "+351 960000000"), "800": w.signRequest("Hash", "AAAA"), "900": w.signRequest("ApplicationId", app(otherID)),
	}
	for code, q := range failing {
		t.Run(code, func(t *testing.T) {
			got := r.do(q)
			process := got.process()
			if got.code() != code || !uuid4.MatchString(process) {
				t.Fatalf("answered %s", got.raw)
			}
			for _, next := range []request{w.validateRequest(process, otp), w.validateRequest(strings.ToUpper(process), "000000"), pollRequest(process), w.forceRequest(process, phone)} {
				again := r.do(next)
				if again.code() != code || again.member("Message") != got.member("Message") || again.member("Field") != got.member("Field") || again.process() != process {
					t.Errorf("%s: %s", next.operation, again.raw)
				}
			}
			for _, elsewhere := range []request{wires()[0].validateRequest(process, otp), {path: ccmovelPath, operation: "SignDocumentPooling", user: "other", password: "another-long-password",
				inside: members("", "applicationId", app(otherID), "processId", process)}} {
				if again := r.do(elsewhere); again.code() != "900" || again.member("Message") == got.member("Message") {
					t.Errorf("not this caller's: %s", again.raw)
				}
			}
		})
	}
	t.Run("batches and certificates too", func(t *testing.T) {
		r.signing.say("Prepare", fault.New(fault.SignPINBlocked))
		defer r.signing.say("Prepare", nil)
		for _, q := range []request{w.batchRequest(doc{"a", "0", digestInfo("a")}), w.batchRequest(), w.withPINRequest()} {
			got := r.do(q)
			if again := r.do(w.validateRequest(got.process(), otp)); again.code() != got.code() || got.code() == "200" {
				t.Errorf("%s: %s then %s", q.operation, got.raw, again.raw)
			}
		}
	})
	t.Run("until its time is over", func(t *testing.T) {
		process := r.do(failing["801"]).process()
		r.advance(5 * time.Minute)
		if got := r.do(w.validateRequest(process, otp)); got.code() != "900" {
			t.Errorf("answered %s", got.raw)
		}
	})
	t.Run("a store that does not answer costs the memory, not the id", func(t *testing.T) {
		r.mu.Lock()
		r.inject = func(step store.Step) error {
			if step == store.StepCommit {
				return fault.New(fault.StoreUnavailable)
			}
			return nil
		}
		r.mu.Unlock()
		got := r.do(failing["801"])
		r.mu.Lock()
		r.inject = nil
		r.mu.Unlock()
		if got.code() != "801" || !uuid4.MatchString(got.process()) {
			t.Errorf("answered %s", got.raw)
		}
	})
	t.Run("and on SCMD there is none, which is empty and not nil", func(t *testing.T) {
		newer := wires()[0]
		for _, q := range []request{newer.signRequest("Pin", encrypt(0, "0000")), newer.signRequest("Hash", "AAAA"), newer.batchRequest(), newer.withPINRequest()} {
			if q.operation == "GetCertificateWithPin" {
				q.inside = members("", "applicationId", app(appID))
			}
			if got := r.do(q); !strings.Contains(got.raw, "<a:ProcessId></a:ProcessId>") {
				t.Errorf("%s: %s", q.operation, got.raw)
			}
		}
	})
}

func TestS8_10_ProcessId_is_never_nil(t *testing.T) {
	r := newRig(t)
	for _, w := range wires() {
		for _, q := range []request{
			w.signRequest(), w.signRequest("Hash", ""), w.batchRequest(), w.withPINRequest(), w.forceRequest("", phone), w.forceRequest("x", phone), w.validateRequest("", otp), w.validateRequest("x", otp),
			w.validateRequest("<process>", otp), w.forceRequest("0f6d7a0c-5a0c-4b2e-9a55-3b6b0c1d2e3f", phone), {path: w.path, operation: "ValidateOtp"}, {path: w.path, operation: w.sign},
		} {
			for method, err := range map[string]error{"nothing": nil, "Prepare": fault.New(fault.InternalError), "FindByPhone": fault.New(fault.StoreUnavailable)} {
				r.signing.say(method, err)
				got := r.do(q)
				if got.status != http.StatusOK || got.process() == "nil" || got.process() == "missing" || got.member("Message") == "" || strings.Contains(got.raw, "lt;process") {
					t.Errorf("%s %s with %s: %d %s", w.name, q.operation, method, got.status, got.raw)
				}
				r.signing.say(method, nil)
			}
		}
	}
}

func TestS8_16_one_record_of_each_call_and_no_secret_in_any(t *testing.T) {
	r := newRig(t)
	var secrets []string
	for _, w := range wires() {
		hidden := []string{w.hide(phone), w.hide(signPIN), w.hide(otp)}
		secrets = append(secrets, hidden[0])
		if w.name == "scmd" {
			secrets = append(secrets, hidden[1], hidden[2])
		}
		q := w.signRequest("UserId", hidden[0], "Pin", hidden[1], "DocName", "testament.pdf")
		q.inside = strings.Replace(q.inside, "</request>", "<a:certificateNumber>3</a:certificateNumber></request>", 1)
		process := r.begun(q)
		v := w.validateRequest(process, otp)
		v.inside = members("", "code", hidden[2], "processId", process, "applicationId", app(appID))
		r.do(v)
		r.do(w.certificateRequest(phone))
		r.do(w.signRequest("Pin", w.hide("0815")))
		r.do(w.signRequest("ApplicationId", app(otherID)))
		bad := w.signRequest()
		bad.password, bad.user = "a-wrong-password-0815", user
		r.do(bad)
		r.signing.say("Prepare", fault.New(fault.InternalError))
		r.do(w.signRequest())
		r.signing.say("Prepare", nil)
	}
	logged := r.logged()
	for _, secret := range append(secrets, phone, strings.ReplaceAll(phone, " ", ""), "929943618", `"`+signPIN+`"`, otp, "0815", password, "testament", b64([]byte(user+":"+password))) {
		if strings.Contains(logged, secret) {
			t.Errorf("the log holds %.40s", secret)
		}
	}
	calls, extras := 0, 0
	for _, line := range strings.Split(strings.TrimSpace(logged), "\n") {
		var one struct {
			Msg, Level, Wire, Application, Operation, Process, Code string
			Extra                                                   bool
			US                                                      *int64
		}
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			t.Fatal(err)
		}
		if one.Msg != "signature call" {
			continue
		}
		calls++
		if one.Extra {
			extras++
		}
		if one.US == nil || one.Code == "" || one.Wire == "" || one.Code != "401" && (one.Application != "registry" || one.Operation == "") {
			t.Errorf("record %s", line)
		}
		if strings.HasSuffix(one.Operation, "Sign") && one.Code == "200" && !uuid4.MatchString(one.Process) {
			t.Errorf("record %s", line)
		}
		if (one.Level == "ERROR") != (one.Code == "500") {
			t.Errorf("record %s", line)
		}
	}
	if calls != 14 || extras != 2 {
		t.Errorf("%d calls and %d with unknown members on the log:\n%s", calls, extras, logged)
	}
}

func TestCheck_names_every_missing_setting(t *testing.T) {
	err := (&scmd.Provider{Issuer: "https://a.example/b", Rules: scmd.Rules{BatchTrust: 2 * time.Hour}}).Check()
	for _, name := range []string{"issuer", "Signing", "Do", "View", "Fields", "Vault", "Now", "Rand", "Log", "Address", "an hour"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not in %v", name, err)
		}
	}
}
