package scmd_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"chave/internal/core/service"
)

func TestS8_4_login_is_required_on_SCMD_and_checked_wherever_it_comes(t *testing.T) {
	r := newRig(t)
	for _, w := range wires() {
		for name, change := range map[string]func(*request){
			"no login":                  func(q *request) { q.user = "-" },
			"a wrong password":          func(q *request) { q.user, q.password = user, password+"x" },
			"no password":               func(q *request) { q.user = user },
			"a user that nobody has":    func(q *request) { q.user, q.password = "nobody", password },
			"another's password":        func(q *request) { q.user, q.password = "other", password },
			"the user in capitals":      func(q *request) { q.user, q.password = strings.ToUpper(user), password },
			"a bearer token":            func(q *request) { q.user, q.header = "-", http.Header{"Authorization": {"Bearer x"}} },
			"a login that is no base64": func(q *request) { q.user, q.header = "-", http.Header{"Authorization": {"Basic %%%"}} },
			"two logins":                func(q *request) { q.user, q.header = "-", http.Header{"Authorization": {"Basic dTpw", "Basic dTpw"}} },
			"the client id of the web":  func(q *request) { q.user, q.password = "registry", "a-secret-of-at-least-thirty-two-characters" },
		} {
			t.Run(w.name+" "+name, func(t *testing.T) {
				q := w.signRequest()
				change(&q)
				if name == "the client id of the web" {
					q.password = "a-secret-of-at-least-thirty-two-characters"
				}
				got := r.do(q)
				if got.status != http.StatusUnauthorized || !strings.HasPrefix(got.header.Get("WWW-Authenticate"), `Basic realm="`) || got.raw != "" {
					t.Errorf("answered %d %v %s", got.status, got.header, got.raw)
				}
			})
		}
	}
	if len(r.signing.asked) != 0 {
		t.Error("one of them reached signing")
	}
}

func TestS1_5_CCMovel_without_login(t *testing.T) {
	w := wires()[1]
	quiet := func(q request) request { q.user = "-"; return q }
	batch := w.batchRequest(doc{"a.pdf", "0", digestInfo("a")})
	t.Run("an application may be allowed to send none", func(t *testing.T) {
		r := newRig(t)
		open := registry()
		open.Compat[service.Unauthenticated] = service.Allowance{Until: "2026-11-23"}
		r.register(open)
		if got := r.do(quiet(w.signRequest())); got.code() != "200" {
			t.Errorf("answered %d %s", got.status, got.raw)
		}
		if r.counted[service.Unauthenticated] != 1 || r.counted[service.ClearPIN] != 1 || r.counted[service.CollectsPIN] != 1 {
			t.Errorf("counted %v", r.counted)
		}
		wrong := w.signRequest()
		wrong.user, wrong.password = user, "wrong"
		if got := r.do(wrong); got.status != http.StatusUnauthorized {
			t.Errorf("a login that is there must be right: %d", got.status)
		}
		for name, inside := range map[string]string{
			"another's id": strings.ReplaceAll(w.signRequest().inside, app(appID), app(otherID)), "an id of nobody": strings.ReplaceAll(w.signRequest().inside, app(appID), app("00000000-0000-0000-0000-000000000000")),
			"no id": requestOf("Hash", digestInfo("a")), "no GUID": strings.ReplaceAll(w.signRequest().inside, app(appID), app("registry")),
		} {
			if got := r.do(quiet(request{path: w.path, operation: w.sign, inside: inside})); got.status != http.StatusUnauthorized {
				t.Errorf("%s: %d %s", name, got.status, got.raw)
			}
		}
		newer := quiet(wires()[0].signRequest())
		if got := r.do(newer); got.status != http.StatusUnauthorized {
			t.Errorf("SCMD always wants one: %d", got.status)
		}
		r.advance(24 * time.Hour)
		if got := r.do(quiet(w.signRequest())); got.status != http.StatusUnauthorized {
			t.Errorf("after the last day of the allowance: %d", got.status)
		}
	})
	t.Run("a batch after a login of the same application from the same address", func(t *testing.T) {
		r := newRig(t)
		if got := r.do(quiet(batch)); got.status != http.StatusUnauthorized {
			t.Fatalf("before any login: %d", got.status)
		}
		r.do(w.certificateRequest(phone))
		if got := r.do(quiet(batch)); got.code() != "200" {
			t.Errorf("answered %d %s", got.status, got.raw)
		}
		if got := r.do(quiet(w.signRequest())); got.status != http.StatusUnauthorized {
			t.Errorf("for a batch only: %d", got.status)
		}
		other := quiet(batch)
		other.inside = strings.ReplaceAll(other.inside, app(appID), app(otherID))
		if got := r.do(other); got.status != http.StatusUnauthorized {
			t.Errorf("another application: %d", got.status)
		}
		r.address = "192.0.2.11"
		if got := r.do(quiet(batch)); got.status != http.StatusUnauthorized {
			t.Errorf("another address: %d", got.status)
		}
		r.address = "192.0.2.10"
		r.advance(10 * time.Minute)
		if got := r.do(quiet(batch)); got.status != http.StatusUnauthorized {
			t.Errorf("ten minutes later: %d", got.status)
		}
	})
	t.Run("not where the operator gave no trust", func(t *testing.T) {
		r := newRig(t, withRules(0))
		r.do(w.certificateRequest(phone))
		if got := r.do(quiet(batch)); got.status != http.StatusUnauthorized {
			t.Errorf("answered %d", got.status)
		}
	})
	t.Run("a stranger's body is small", func(t *testing.T) {
		r := newRig(t)
		q := quiet(batch)
		q.body = strings.Repeat(" ", 200<<10) + envelope(q.operation, q.inside)
		if got := r.do(q); got.status != http.StatusRequestEntityTooLarge {
			t.Errorf("answered %d", got.status)
		}
	})
}

func TestS8_5_ApplicationId_is_the_text_of_a_GUID_and_belongs_to_the_user(t *testing.T) {
	r := newRig(t)
	raw := []byte{0x0b, 0x7c, 0x1f, 0x5a, 0x9d, 0x3e, 0x4c, 0x62, 0x8a, 0x41, 0x5e, 0x2f, 0x7d, 0x9c, 0x0a, 0x13}
	for _, w := range wires() {
		for name, c := range map[string]struct{ id, code, field string }{
			"in capitals":           {app(strings.ToUpper(appID)), "200", "nil"},
			"its 16 raw bytes":      {b64(raw), "800", "ApplicationId"},
			"without base64":        {appID, "800", "ApplicationId"},
			"in braces":             {app("{" + appID + "}"), "800", "ApplicationId"},
			"empty":                 {"", "800", "ApplicationId"},
			"another application's": {app(otherID), "900", "ApplicationId"},
			"nobody's":              {app("00000000-0000-0000-0000-000000000000"), "900", "ApplicationId"},
		} {
			got := r.do(w.signRequest("ApplicationId", c.id))
			if got.status != http.StatusOK || got.code() != c.code || got.member("Field") != c.field || got.member("FieldValue") != "nil" {
				t.Errorf("%s %s: %d %s", w.name, name, got.status, got.raw)
			}
		}
		process := r.begun(w.signRequest())
		for _, q := range []request{w.validateRequest(process, otp), w.forceRequest(process, phone)} {
			q.user, q.password = "other", "another-long-password"
			if got := r.do(q); got.code() != "900" {
				t.Errorf("%s: id of another user: %s", q.operation, got.raw)
			}
			q.inside = strings.ReplaceAll(q.inside, app(appID), app(otherID))
			if got := r.do(q); got.code() != "900" || got.member("Signature") != "nil" && q.operation == "ValidateOtp" {
				t.Errorf("%s: process of another application: %s", q.operation, got.raw)
			}
		}
	}
}

func TestS9_doors_open_by_the_registration_only(t *testing.T) {
	r := newRig(t)
	newer, older := wires()[0], wires()[1]
	shut := registry()
	shut.Compat = map[service.Switch]service.Allowance{service.CollectsPIN: {}}
	r.register(shut)
	if got := r.do(newer.signRequest()); got.code() != "200" {
		t.Errorf("collects_pin opens SCMD: %s", got.raw)
	}
	if got := r.do(older.signRequest()); got.code() != "900" {
		t.Errorf("clear_pin is missing: %s", got.raw)
	}
	shut.Compat = map[service.Switch]service.Allowance{service.CollectsPIN: {Until: "2026-11-22"}, service.ClearPIN: {}}
	r.register(shut)
	for _, w := range wires() {
		if got := r.do(w.signRequest()); got.code() != "900" {
			t.Errorf("%s after the last day: %s", w.name, got.raw)
		}
		if got := r.do(w.certificateRequest(phone)); !strings.Contains(got.raw, `GetCertificateResult i:nil="true"`) {
			t.Errorf("%s after the last day: %s", w.name, got.raw)
		}
	}
	if len(r.signing.asked) != 1 {
		t.Errorf("%d requests reached signing", len(r.signing.asked))
	}
	t.Run("from the application's own networks", func(t *testing.T) {
		narrow := registry()
		narrow.SCMD.Networks = []string{"198.51.100.0/24", "2001:db8::7"}
		r.register(narrow)
		for address, want := range map[string]int{"198.51.100.200": 200, "2001:db8::7": 200, "::ffff:198.51.100.1": 200, "192.0.2.10": 401, "2001:db8::8": 401, "": 401} {
			r.address = address
			if got := r.do(newer.certificateRequest(phone)); got.status != want {
				t.Errorf("%q: %d", address, got.status)
			}
		}
		r.address = "192.0.2.10"
	})
	t.Run("a closed service is nobody", func(t *testing.T) {
		closed := registry()
		closed.Closed = true
		r.register(closed)
		if got := r.do(newer.signRequest()); got.status != http.StatusUnauthorized {
			t.Errorf("answered %d", got.status)
		}
	})
}
