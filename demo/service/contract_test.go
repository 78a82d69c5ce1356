package service

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// signer is the CSC half of a provider, with the bank for its client. Its knobs make each of the answers that do not end in a signature.
type signer struct {
	t    *testing.T
	bank *country

	asked  map[string]url.Values // by request_uri, then by code
	pushed int
	holder string // the name in the certificate; none when empty
	sums   int    // hashes that calculateHash gives
	hashed map[string]any
	signed int
	down   string                    // a path that fails
	says   string                    // with which name
	answer func(n int, v url.Values) // spoils the answer to the n-th request
}

func newSigner(t *testing.T) *signer {
	p := &signer{t: t, asked: map[string]url.Values{}, holder: "ANA MADE-UP", sums: 1}
	mux := http.NewServeMux()
	for path, serve := range map[string]http.HandlerFunc{
		"POST /csc/v2/oauth2/par": p.push, "GET /csc/v2/oauth2/authorize": p.authorize, "POST /csc/v2/oauth2/token": p.token,
		"POST /csc/v2/credentials/list": p.list, "POST /csc/v2/signatures/calculateHash": p.calculate, "POST /csc/v2/signatures/signDoc": p.sign,
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if p.down != "" && strings.HasSuffix(path, p.down) {
				writeJSON(w, 400, map[string]string{"error": p.says})
				return
			}
			serve(w, r)
		})
	}
	p.bank = newCountry(t, func(cfg *Config) {
		reg, err := load("bank", strings.TrimSuffix(cfg.Registration.URL, "/"))
		if err != nil {
			t.Fatal(err)
		}
		cfg.Registration = reg
	})
	mux.Handle("/", p.bank.stub.server.Config.Handler)
	p.bank.stub.server.Config.Handler = mux
	p.bank.stub.claims["name"] = "Ana Made-Up"
	if _, at, _ := p.bank.post("/signin"); at != "/" {
		t.Fatalf("signed in at %s", at)
	}
	return p
}

func (p *signer) base() string { return p.bank.stub.server.URL + "/csc/v2" }

func (p *signer) push(w http.ResponseWriter, r *http.Request) {
	if id, secret, _ := r.BasicAuth(); r.ParseForm() != nil || id != "bank" || secret != testSecret {
		writeJSON(w, 401, map[string]string{"error": "invalid_client"})
		return
	}
	p.pushed++
	p.asked["urn:csc"] = r.PostForm
	writeJSON(w, 201, map[string]any{"request_uri": "urn:csc", "expires_in": 60})
}

func (p *signer) authorize(w http.ResponseWriter, r *http.Request) {
	asked := p.asked[r.URL.Query().Get("request_uri")]
	p.asked["code-"+asked.Get("scope")] = asked
	v := url.Values{"state": {asked.Get("state")}, "iss": {p.base()}, "code": {"code-" + asked.Get("scope")}}
	if p.answer != nil {
		p.answer(p.pushed, v)
	}
	http.Redirect(w, r, asked.Get("redirect_uri")+"?"+v.Encode(), http.StatusSeeOther)
}

func (p *signer) token(w http.ResponseWriter, r *http.Request) {
	asked, ok := p.asked[r.FormValue("code")]
	delete(p.asked, r.FormValue("code"))
	digest := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if !ok || asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(digest[:]) {
		writeJSON(w, 400, map[string]string{"error": "invalid_grant"})
		return
	}
	writeJSON(w, 200, map[string]any{"access_token": "for-" + asked.Get("scope"), "token_type": "Bearer", "expires_in": 60})
}

// may gives the body of a call with the right token.
func (p *signer) may(w http.ResponseWriter, r *http.Request, scope string) (map[string]any, bool) {
	var body map[string]any
	if r.Header.Get("Authorization") != "Bearer for-"+scope || json.NewDecoder(r.Body).Decode(&body) != nil {
		writeJSON(w, 401, map[string]string{"error": "invalid_token"})
		return nil, false
	}
	return body, true
}

func (p *signer) list(w http.ResponseWriter, r *http.Request) {
	if _, ok := p.may(w, r, "service"); !ok {
		return
	}
	if p.holder == "" {
		writeJSON(w, 200, map[string]any{"credentialIDs": []string{}, "credentialInfos": []any{}})
		return
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Error(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: p.holder}, NotAfter: p.bank.now.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		p.t.Error(err)
	}
	writeJSON(w, 200, map[string]any{"credentialIDs": []string{"key-1"}, "credentialInfos": []any{map[string]any{
		"credentialID": "key-1", "key": map[string]any{"algo": []string{oidECDSA}},
		"cert": map[string]any{"certificates": []string{base64.StdEncoding.EncodeToString(der)}},
	}}})
}

func (p *signer) calculate(w http.ResponseWriter, r *http.Request) {
	body, ok := p.may(w, r, "service")
	if !ok {
		return
	}
	p.hashed = body
	hashes := make([]string, p.sums)
	for i := range hashes {
		hashes[i] = base64.StdEncoding.EncodeToString(make([]byte, 32))
	}
	writeJSON(w, 200, map[string]any{"hashes": hashes, "signature_date": 20361124})
}

// sign holds the last call against the one that was hashed: anything else would be another document than the person agreed to.
func (p *signer) sign(w http.ResponseWriter, r *http.Request) {
	body, ok := p.may(w, r, "credential")
	if !ok {
		return
	}
	p.signed++
	same := p.hashed
	same["signature_date"] = body["signature_date"]
	one, _ := json.Marshal(same)
	if other, _ := json.Marshal(body); !bytes.Equal(one, other) || body["signature_date"] != 20361124.0 {
		p.t.Errorf("signed %s after hashing %s", other, one)
	}
	writeJSON(w, 200, map[string]any{
		"DocumentWithSignature":      []string{base64.StdEncoding.EncodeToString([]byte("%PDF- signed"))},
		"conformance_levels_reached": []string{"Ades-B-LT"},
	})
}

func TestContract_is_signed_in_two_steps_and_handed_to_who_signed_it(t *testing.T) {
	p := newSigner(t)
	_, at, body := p.bank.post("/contract")
	if at != "/?contract=signed" && at != "/?contract=signed#contract" {
		t.Fatalf("rests at %s", at)
	}
	mustHold(t, body, "/contract.pdf", "B-LT")
	if p.pushed != 2 || p.signed != 1 {
		t.Errorf("%d requests, %d signatures", p.pushed, p.signed)
	}
	asked := p.asked["urn:csc"]
	if asked.Get("credentialID") != "key-1" || asked.Get("numSignatures") != "1" || !strings.Contains(asked.Get("clientData"), "Account contract.pdf") {
		t.Errorf("asked %v", asked)
	}
	if status, _, file := p.bank.get("/contract.pdf"); status != 200 || file != "%PDF- signed" {
		t.Errorf("%d %q", status, file)
	}
	stranger := *p.bank
	jar, _ := cookiejar.New(nil)
	stranger.browser = &http.Client{Jar: jar}
	if status, _, file := stranger.get("/contract.pdf"); status != 404 || strings.Contains(file, "PDF") {
		t.Errorf("a stranger got %d %q", status, file)
	}
	if _, at, _ := stranger.post("/contract"); at != "/" || p.pushed != 2 {
		t.Errorf("nobody signed in, and it rests at %s", at)
	}
}

func TestContract_every_way_it_ends_without_a_signature(t *testing.T) {
	at := func(n int, spoil func(url.Values)) func(*signer) {
		return func(p *signer) {
			p.answer = func(now int, v url.Values) {
				if now == n {
					spoil(v)
				}
			}
		}
	}
	no := func(name string) func(url.Values) {
		return func(v url.Values) { v.Del("code"); v.Set("error", name) }
	}
	fails := func(path, name string) func(*signer) { return func(p *signer) { p.down, p.says = path, name } }
	for name, c := range map[string]struct {
		spoil func(*signer)
		want  string
	}{
		"the person said no at once":     {at(1, no("access_denied")), contractRefused},
		"the person did not sign":        {at(2, no("access_denied")), contractRefused},
		"an error":                       {at(2, no("server_error")), contractFailed},
		"RFC 9207 iss of another":        {at(1, func(v url.Values) { v.Set("iss", "https://evil.example") }), contractFailed},
		"RFC 9207 iss is missing":        {at(2, func(v url.Values) { v.Del("iss") }), contractFailed},
		"state of nobody":                {at(1, func(v url.Values) { v.Set("state", "x") }), contractExpired},
		"no state":                       {at(2, func(v url.Values) { v.Del("state") }), contractExpired},
		"code of nobody":                 {at(2, func(v url.Values) { v.Set("code", "x") }), contractExpired},
		"no key":                         {func(p *signer) { p.holder = "" }, contractUnable},
		"key of somebody else":           {func(p *signer) { p.holder = "Rui Made-Up" }, contractOther},
		"one document, two hashes":       {func(p *signer) { p.sums = 2 }, contractFailed},
		"requests are not taken":         {fails("/par", "invalid_request"), contractFailed},
		"keys are not shown":             {fails("/list", "server_error"), contractFailed},
		"the token ended before hashing": {fails("/calculateHash", "expired_token"), contractExpired},
		"the permit ended":               {fails("/signDoc", "invalid_grant"), contractExpired},
		"signing fails":                  {fails("/signDoc", "server_error"), contractFailed},
		"the answer came too late":       {func(p *signer) { p.answer = func(int, url.Values) { p.bank.now = p.bank.now.Add(pendingLife) } }, contractExpired},
	} {
		t.Run(name, func(t *testing.T) {
			p := newSigner(t)
			c.spoil(p)
			_, at, body := p.bank.post("/contract")
			if at, _, _ = strings.Cut(at, "#"); at != "/?contract="+c.want {
				t.Fatalf("rests at %s", at)
			}
			if strings.Contains(body, "/contract.pdf") {
				t.Error("a contract is offered that nobody signed")
			}
			if status, _, _ := p.bank.get("/contract.pdf"); status != 404 {
				t.Errorf("the file: %d", status)
			}
			if _, _, body := p.bank.get("/?contract=signed"); strings.Contains(body, "/contract.pdf") {
				t.Error("an address alone says that it is signed")
			}
		})
	}
}

func TestContract_an_answer_counts_once_and_in_its_own_browser(t *testing.T) {
	p := newSigner(t)
	var answered string
	p.answer = func(n int, v url.Values) {
		if n == 2 {
			answered = "/contract/callback?" + v.Encode()
		}
	}
	if _, at, _ := p.bank.post("/contract"); !strings.HasPrefix(at, "/?contract=signed") {
		t.Fatalf("rests at %s", at)
	}
	if _, at, _ := p.bank.get(answered); !strings.HasPrefix(at, "/?contract=expired") || p.signed != 1 {
		t.Errorf("a second time it rests at %s, %d signatures", at, p.signed)
	}
	p.answer = func(n int, v url.Values) {
		if n == 3 {
			answered = "/contract/callback?" + v.Encode()
			v.Set("state", "x") // it never reaches the browser that asked
		}
	}
	p.bank.post("/contract")
	jar, _ := cookiejar.New(nil)
	stranger := *p.bank
	stranger.browser = &http.Client{Jar: jar}
	if _, at, _ := stranger.post("/signin"); at != "/" {
		t.Fatalf("rests at %s", at)
	}
	if _, at, _ := stranger.get(answered); !strings.HasPrefix(at, "/?contract=expired") || p.signed != 1 {
		t.Errorf("in another browser it rests at %s, %d signatures", at, p.signed)
	}
}
