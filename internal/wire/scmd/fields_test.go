package scmd_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"

	"chave/internal/core/fault"
	"chave/internal/wire/scmd"
)

func TestS8_6_every_active_key_is_tried_and_all_failures_are_one(t *testing.T) {
	r := newRig(t)
	w := wires()[0]
	t.Run("either key", func(t *testing.T) {
		for key := range 2 {
			process := r.begun(w.signRequest("Pin", encrypt(key, signPIN), "UserId", encrypt(1-key, phone)))
			q := w.validateRequest(process, otp)
			q.inside = members("", "code", encrypt(key, otp), "processId", process, "applicationId", app(appID))
			if got := r.do(q); got.code() != "200" {
				t.Errorf("key %d: %s", key, got.raw)
			}
		}
	})
	t.Run("line breaks and white space around", func(t *testing.T) {
		block := encrypt(0, signPIN)
		r.begun(w.signRequest("Pin", "\n  "+block[:76]+"\r\n"+block[76:]+" \n"))
	})

	// What a block may be wrong in. A PIN that is simply another stands first: all others must be answered, counted and handed on like it.
	stranger, _ := rsa.GenerateKey(rand.Reader, 2048)
	foreign, _ := rsa.EncryptPKCS1v15(rand.Reader, &stranger.PublicKey, []byte(signPIN)) //nolint:staticcheck // what the clients do
	flipped := []byte(encrypt(0, signPIN))
	flipped[100] ^= 1
	wrong := []string{
		encrypt(0, "0000"), encrypt(0, "47111"), encrypt(0, "123"), encrypt(0, "123456789"), encrypt(0, "47a1"), encrypt(0, ""), encrypt(0, "４７１１"), encrypt(0, signPIN+"\x00"),
		b64(foreign), string(flipped), b64(padded(t, []byte{0, 1}, 8)), b64(padded(t, []byte{0, 2}, 4)), b64(make([]byte, 256)), b64(bytes.Repeat([]byte{255}, 256)),
		b64(make([]byte, 255)), b64(make([]byte, 257)), "AAAA", "%%%%", "not base64 at all", strings.Repeat("A", 4096), strings.Repeat("A", 5000), b64([]byte(signPIN)), signPIN,
	}
	t.Run("PIN", func(t *testing.T) {
		var first string
		for i, block := range wrong {
			got := r.do(w.signRequest("Pin", block))
			if i == 0 {
				first = got.raw
			}
			asked := r.signing.lastAsked()
			if got.raw != first || got.code() != "801" || asked.Person != holder {
				t.Errorf("%d (%.20s…): %s %q", i, block, got.raw, asked.Person)
			}
		}
		if n := len(r.signing.asked); n != 3+len(wrong) {
			t.Errorf("%d requests reached signing: a try was not counted", n)
		}
	})
	t.Run("user", func(t *testing.T) {
		before := len(r.signing.asked)
		first := r.do(w.signRequest("UserId", encrypt(0, "+351 960000000"))).raw
		for i, block := range wrong {
			if got := r.do(w.signRequest("UserId", block)); got.raw != first || got.process() != "" {
				t.Errorf("%d (%.20s…): %s", i, block, got.raw)
			}
			if r.signing.lastAsked().Person != "" {
				t.Errorf("%d: names somebody", i)
			}
		}
		if len(r.signing.asked) != before+1+len(wrong) || len(r.signing.looked) < 1+len(wrong) {
			t.Error("who named nobody was answered without the work")
		}
	})
	t.Run("code", func(t *testing.T) {
		for i, block := range append([]string{encrypt(0, "000000"), encrypt(0, "13579"), encrypt(0, "1357900"), encrypt(0, "13579x")}, wrong...) {
			process := r.begun(w.signRequest())
			q := w.validateRequest(process, otp)
			q.inside = members("", "code", block, "processId", process, "applicationId", app(appID))
			got := r.do(q)
			if got.code() != "802" || got.member("Signature") != "nil" || r.signing.ops[process].CodeTries != 1 {
				t.Errorf("%d (%.20s…): %s", i, block, got.raw)
			}
		}
	})
}

func TestS8_6_keys_that_do_not_answer_cost_no_try_and_send_no_code(t *testing.T) {
	w := wires()[0]
	broken := newRig(t, func(p *scmd.Provider) { p.Fields = noKeys{} })
	for _, q := range []request{w.signRequest(), w.withPINRequest(), w.validateRequest("0f6d7a0c-5a0c-4b2e-9a55-3b6b0c1d2e3f", otp), w.forceRequest("0f6d7a0c-5a0c-4b2e-9a55-3b6b0c1d2e3f", phone)} {
		if got := broken.do(q); got.status != http.StatusOK || got.code() != "503" {
			t.Errorf("%s: %d %s", q.operation, got.status, got.raw)
		}
	}
	if got := broken.do(w.certificateRequest(phone)); got.status != http.StatusInternalServerError {
		t.Errorf("answered %d", got.status)
	}
	if got := broken.get("/scmd/cipher.cer"); got.status != http.StatusServiceUnavailable {
		t.Errorf("answered %d", got.status)
	}
	if len(broken.signing.asked) != 0 || len(broken.signing.codes) != 0 {
		t.Error("reached signing")
	}
}

// noKeys is a keystore that went away.
type noKeys struct{}

func (noKeys) Decrypters(context.Context) ([]func([]byte) ([]byte, bool), error) {
	return nil, fault.New(fault.KeystoreUnavailable)
}
func (noKeys) Certificate(context.Context) ([]byte, error) {
	return nil, fault.New(fault.KeystoreUnavailable)
}

// padded is a block under the first key whose padding begins so and has n bytes: what those who look for an oracle send.
func padded(t *testing.T, begins []byte, n int) []byte {
	t.Helper()
	pub := fieldRSA()[0].PublicKey
	block := append(bytes.Clone(begins), bytes.Repeat([]byte{7}, n)...)
	block = append(block, 0)
	block = append(block, bytes.Repeat([]byte{'4'}, 256-len(block))...)
	return new(big.Int).Exp(new(big.Int).SetBytes(block), big.NewInt(int64(pub.E)), pub.N).FillBytes(make([]byte, 256))
}

func TestS8_7_phone_numbers_PINs_and_codes_as_clients_send_them(t *testing.T) {
	r := newRig(t)
	for _, w := range wires() {
		for _, number := range []string{"+351 929943618", "+351929943618", "+351-929-943-618", "00351929943618", "00 351 929 943 618", " +351 929943618 ", "+351 (929) 943.618"} {
			if got := r.do(w.signRequest("UserId", w.hide(number))); got.code() != "200" || r.signing.lastAsked().Person != holder {
				t.Errorf("%s %q: %s", w.name, number, got.raw)
			}
		}
		for _, number := range []string{"929943618", "351929943618", "+351", "+351 92994361812345678", "oksana@example.org", "+0351929943618", "+351 92994361a"} {
			if got := r.do(w.signRequest("UserId", w.hide(number))); got.code() != "817" || r.signing.lastAsked().Person != "" {
				t.Errorf("%s %q: %s", w.name, number, got.raw)
			}
		}
		for _, digits := range []string{"471", "471100000", "47 11", "abcd", "-471"} {
			if got := r.do(w.signRequest("Pin", w.hide(digits))); got.code() != "801" {
				t.Errorf("%s PIN %q: %s", w.name, digits, got.raw)
			}
		}
		for _, digits := range []string{"13579", "1357900", "13579a", "१३५७९०"} {
			if got := r.do(w.validateRequest(r.begun(w.signRequest()), digits)); got.code() != "802" {
				t.Errorf("%s code %q: %s", w.name, digits, got.raw)
			}
		}
		for member, q := range map[string]request{
			"Pin": w.signRequest("Pin", ""), "UserId": w.signRequest("UserId", ""), "code": {path: w.path, operation: "ValidateOtp", inside: members("", "processId", "0f6d7a0c-5a0c-4b2e-9a55-3b6b0c1d2e3f", "applicationId", app(appID))},
			"processId": {path: w.path, operation: "ValidateOtp", inside: members("", "code", "x", "applicationId", app(appID))},
		} {
			if got := r.do(q); got.code() != "800" || got.member("Field") != member || got.member("FieldValue") != "nil" {
				t.Errorf("%s without %s: %s", w.name, member, got.raw)
			}
		}
	}
}

func TestS8_8_hashes(t *testing.T) {
	info := func(prefix string, n int) string {
		b := append([]byte{}, fromHex(t, prefix)...)
		return b64(append(b, bytes.Repeat([]byte{9}, n)...))
	}
	sha256ok, sha384, sha512 := info("3031300d060960864801650304020105000420", 32), info("3041300d060960864801650304020205000430", 48), info("3051300d060960864801650304020305000440", 64)
	type want struct{ hash, scmd, older, longs string }
	cases := map[string]want{
		"SHA-256 in 51 bytes":        {sha256ok, "200", "200", "200"},
		"32 bare bytes":              {b64(bytes.Repeat([]byte{9}, 32)), "800", "200", "800"},
		"SHA-384":                    {sha384, "800", "800", "200"},
		"SHA-512":                    {sha512, "800", "800", "200"},
		"48 bare bytes":              {b64(make([]byte, 48)), "800", "800", "800"},
		"SHA-1":                      {info("3021300906052b0e03021a05000414", 20), "800", "800", "800"},
		"MD5":                        {info("3020300c06082a864886f70d020505000410", 16), "800", "800", "800"},
		"SHA-224":                    {info("302d300d06096086480165030402040500041c", 28), "800", "800", "800"},
		"without NULL":               {info("302f300b0609608648016503040201"+"0420", 32), "800", "800", "800"},
		"a byte too long":            {info("3031300d060960864801650304020105000420", 33), "800", "800", "800"},
		"a byte short":               {info("3031300d060960864801650304020105000420", 31), "800", "800", "800"},
		"the right length, no info":  {b64(make([]byte, 51)), "800", "800", "800"},
		"empty":                      {"", "800", "800", "800"},
		"not base64":                 {"!!!!", "800", "800", "800"},
		"hexadecimal for base64":     {strings.Repeat("ab", 32), "800", "800", "800"},
		"the document itself, 10 kB": {b64(make([]byte, 10<<10)), "800", "800", "800"},
	}
	t.Run("by default", func(t *testing.T) {
		r := newRig(t)
		for name, c := range cases {
			for _, w := range wires() {
				want := c.scmd
				if w.name == "ccmovel" {
					want = c.older
				}
				for _, q := range []request{w.signRequest("Hash", c.hash), w.batchRequest(doc{"a", "0", sha256ok}, doc{"b", "1", c.hash})} {
					if got := r.do(q); got.code() != want || want == "800" && got.member("Field") != "Hash" {
						t.Errorf("%s %s %s: %s", w.name, q.operation, name, got.raw)
					}
				}
			}
		}
		if r.counted[scmd.BareDigest] != 2 {
			t.Errorf("bare digests counted: %v", r.counted)
		}
	})
	t.Run("longer hashes allowed", func(t *testing.T) {
		wide := newRig(t, func(p *scmd.Provider) { p.Rules.LongHashes = true })
		for name, c := range cases {
			if got := wide.do(wires()[0].signRequest("Hash", c.hash)); got.code() != c.longs {
				t.Errorf("%s: %s", name, got.raw)
			}
		}
		if got := wide.do(wires()[0].batchRequest(doc{"a", "0", sha256ok}, doc{"b", "1", sha512})); got.code() != "800" {
			t.Errorf("two algorithms in one batch: %s", got.raw)
		}
		if got := wide.do(wires()[0].batchRequest(doc{"a", "0", sha512}, doc{"b", "1", sha512})); got.code() != "200" {
			t.Errorf("one in a batch: %s", got.raw)
		}
	})
}

func TestS8_8_R4_05_one_to_a_hundred_documents(t *testing.T) {
	r := newRig(t)
	many := func(n int) (docs []doc) {
		for i := range n {
			docs = append(docs, doc{fmt.Sprintf("document %d.pdf", i), fmt.Sprint(i), digestInfo(fmt.Sprint(i))})
		}
		return docs
	}
	for _, w := range wires() {
		for n, want := range map[int]string{0: "800", 1: "200", 100: "200", 101: "900", 2500: "900"} {
			got := r.do(w.batchRequest(many(n)...))
			if got.code() != want || n > 100 && !strings.Contains(got.member("Message"), "demasiados documentos") {
				t.Errorf("%s %d documents: %d %.300s", w.name, n, got.status, got.raw)
			}
			if want == "200" && len(r.signing.lastAsked().Documents) != n {
				t.Errorf("%s: %d of %d were asked for", w.name, len(r.signing.lastAsked().Documents), n)
			}
		}
		empty := w.batchRequest()
		empty.inside = empty.inside[:strings.Index(empty.inside, "<documents")]
		if got := r.do(empty); got.code() != "800" || got.member("Field") != "documents" {
			t.Errorf("no list: %s", got.raw)
		}
	}
	t.Run("R3.19 names as sent, up to 255 characters", func(t *testing.T) {
		for _, w := range wires() {
			long := strings.Repeat("ç", 255)
			if got := r.do(w.signRequest("DocName", long)); got.code() != "200" || r.signing.lastAsked().Documents[0].Name != long {
				t.Errorf("%s: %s", w.name, got.raw)
			}
			if got := r.do(w.signRequest("DocName", long+"x")); got.code() != "800" || got.member("Field") != "DocName" {
				t.Errorf("%s: %s", w.name, got.raw)
			}
			if got := r.do(w.batchRequest(doc{long + "x", "0", digestInfo("a")})); got.code() != "800" || got.member("Field") != "Name" {
				t.Errorf("%s: %s", w.name, got.raw)
			}
			r.begun(w.signRequest("DocName", ""))
			if name := r.signing.lastAsked().Documents[0].Name; name != "" {
				t.Errorf("%s: a name was made up: %q", w.name, name)
			}
		}
	})
}

func fromHex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
