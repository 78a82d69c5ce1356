package oauth

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"chave/internal/core/fault"
)

func TestRFC6749_3_1_parameters(t *testing.T) {
	in, err := Parse("a=1&b=&c=2&c=3&state=%ff")
	if err != nil {
		t.Fatal(err)
	}
	if !in.Has("a") || in.Get("a") != "1" || in.Has("b") || in.Has("c") || in.Get("state") != "\xff" {
		t.Errorf("%v", in)
	}
	if err := in.Once(); err == nil || !strings.Contains(err.Error(), "c is repeated") {
		t.Errorf("twice: %v", err)
	}
	for field, want := range map[string]fault.Code{"a": fault.ReturnNotRegistered, "b": fault.RequestMalformed, "c": fault.RequestMalformed} {
		if err := in.NoAddress(field); !fault.Is(err, want) {
			t.Errorf("%s as an address: %v", field, err)
		}
	}
}

func TestParameters_that_are_refused(t *testing.T) {
	many := url.Values{}
	for i := range maxParameters + 1 {
		many.Set(strings.Repeat("x", i+1), "1")
	}
	for name, raw := range map[string]string{"not UTF-8": "a=%ff", "not form-encoded": "a=%zz", "more than": many.Encode()} {
		if _, err := Parse(raw); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/?a="+strings.Repeat("b", maxQuery), nil)
	if _, err := Query(r); err == nil {
		t.Error("a long address was read")
	}
}

func TestB8_a_service_sends_a_form_in_the_body_alone(t *testing.T) {
	for _, c := range []struct {
		name, target, kind, body string
		status                   int
	}{
		{"good", "/", "application/x-www-form-urlencoded; charset=utf-8", "a=1", 0},
		{"in the address", "/?a=1", "application/x-www-form-urlencoded", "a=1", 400},
		{"JSON", "/", "application/json", `{"a":1}`, 400},
		{"no type", "/", "", "a=1", 400},
		{"twice", "/", "application/x-www-form-urlencoded", "a=1&a=2", 400},
		{"too long", "/", "application/x-www-form-urlencoded", "a=" + strings.Repeat("b", maxForm), 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, told := range []bool{true, false} { // with a Content-Length and without
				r := httptest.NewRequest(http.MethodPost, c.target, strings.NewReader(c.body))
				r.Header.Set("Content-Type", c.kind)
				if !told {
					r.ContentLength = -1
				}
				_, err := Direct(httptest.NewRecorder(), r)
				var no *Refusal
				if c.status == 0 != (err == nil) || err != nil && (!errors.As(err, &no) || no.Status != c.status) {
					t.Errorf("%v", err)
				}
			}
		})
	}
}

func TestRFC6749_2_3_1_id_and_secret_are_form_encoded(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.SetBasicAuth(url.QueryEscape("a:b"), url.QueryEscape("ç +%"))
	if id, secret, ok := Basic(r); !ok || id != "a:b" || secret != "ç +%" {
		t.Errorf("%q %q %v", id, secret, ok)
	}
	for _, wrong := range [][]string{{}, {"Bearer x"}, {"Basic !"}, {"Basic Ojo="}, {"Basic YTpi", "Basic YTpi"}, {"Basic YTo="}, {"Basic JXp6OmI="}} {
		r.Header["Authorization"] = wrong
		if _, _, ok := Basic(r); ok {
			t.Errorf("%q was taken", wrong)
		}
	}
}

// The pair is that of RFC 7636, appendix B.
func TestRFC7636_4_6_a_verifier_fits_its_challenge_alone(t *testing.T) {
	const challenge, verifier = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	if no := CheckVerifier(challenge, verifier); no != nil {
		t.Error(no)
	}
	for _, wrong := range []string{"", "short", verifier[1:] + "x", verifier + strings.Repeat("x", 100)} {
		if no := CheckVerifier(challenge, wrong); no == nil || no.Name != InvalidGrant {
			t.Errorf("%q: %v", wrong, no)
		}
	}
	if CheckVerifier("", verifier) == nil {
		t.Error("an empty challenge fits")
	}
}

func TestRFC6749_5_2_a_refusal_as_JSON(t *testing.T) {
	r, w := httptest.NewRequest(http.MethodPost, "/", nil), httptest.NewRecorder()
	r.SetBasicAuth("a", "b")
	no := ClientRefused(r, "a \"quote\" and ç\n")
	no.After = 3
	if err := no.Write(w, no.Description()); err != nil {
		t.Fatal(err)
	}
	if w.Code != 401 || w.Header().Get("WWW-Authenticate") == "" || w.Header().Get("Retry-After") != "3" ||
		w.Body.String() != `{"chave_code":"`+string(fault.ServiceUnknown)+`","error":"invalid_client","error_description":"a 'quote' and ??"}`+"\n" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	no.Cause = errors.New("inside")
	if !strings.Contains(no.Error(), "inside") || !errors.Is(no, no.Cause) {
		t.Error("the log is not told the cause")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("a=1&a=2&state=%ff&b=%20")
	f.Add(";&&=&%")
	f.Fuzz(func(t *testing.T, raw string) {
		in, err := Parse(raw)
		if err != nil {
			var no *Refusal
			if !errors.As(err, &no) || no.Status != http.StatusBadRequest {
				t.Fatalf("%v", err)
			}
			return
		}
		for name, value := range in.values {
			if value == "" || name != "state" && !utf8.ValidString(value) {
				t.Fatalf("%q is %q", name, value)
			}
		}
	})
}
