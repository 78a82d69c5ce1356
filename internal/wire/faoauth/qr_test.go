package faoauth_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"image/png"
	"io"
	"math/big"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"chave/internal/core/consent"
	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/service"

	"github.com/go-jose/go-jose/v4"
)

const (
	qrPath     = "/AuthorizationSystemFrontend/authorizationsystem/frontend/request/qrcodeauthentication"
	allowPath  = "/AuthorizationSystemFrontend/authorizationsystem/frontend/request/authorization"
	jwtService = "/OAuthResourceServer/Service/ResourceJWT.svc/"
)

// bank is a service with a back end: it signs QR-code requests and hears decisions.
type bank struct {
	r      *rig
	key    *rsa.PrivateKey
	server *httptest.Server
	mu     sync.Mutex
	heard  []string
	status func(try int) int // nil: 200
}

var bankKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func (r *rig) bank() *bank {
	r.t.Helper()
	b := &bank{r: r, key: bankKey()}
	b.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		b.mu.Lock()
		defer b.mu.Unlock()
		b.heard = append(b.heard, string(body))
		if b.status != nil {
			http.Redirect(w, req, "/elsewhere", b.status(len(b.heard)))
		}
	}))
	r.t.Cleanup(b.server.Close)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bank"}, NotBefore: r.clock().Add(-time.Hour), NotAfter: r.clock().Add(48 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, b.key.Public(), b.key)
	if err != nil {
		r.t.Fatal(err)
	}
	r.register(service.Settings{
		ID: "bank", Name: service.Text{"pt": "Banco do Largo", "en": "Square Bank"}, RedirectURIs: []string{"https://bank.example.test/oidc"}, AuthMethod: service.NoAuth,
		Attributes: []service.Ask{{Name: consent.NIC}, {Name: consent.FullName, Required: true}, {Name: consent.Address}},
		OAuth: &service.OAuth{
			ClientID: "200000000001", Domain: "bank.example.test", Callback: b.server.URL + "/decided",
			Certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		},
		Compat: map[service.Switch]service.Allowance{service.ImplicitToken: {}},
	})
	return b
}

func (b *bank) decisions() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.heard...)
}

// jwt signs claims as the service does; change is name, value pairs.
func (b *bank) jwt(change ...any) string {
	claims := map[string]any{"clientId": "200000000001", "iat": b.r.clock().Unix(), "exp": b.r.clock().Add(5 * time.Minute).Unix()}
	for i := 0; i+1 < len(change); i += 2 {
		claims[change[i].(string)] = change[i+1]
	}
	return b.signed(jose.RS256, b.key, claims)
}

func (b *bank) signed(alg jose.SignatureAlgorithm, key any, claims map[string]any) string {
	b.r.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		b.r.t.Fatal(err)
	}
	payload, _ := json.Marshal(claims)
	made, err := signer.Sign(payload)
	if err != nil {
		b.r.t.Fatal(err)
	}
	text, _ := made.CompactSerialize()
	return text
}

// wants is the body of a request; change is name, value pairs, nil leaves one out.
func (b *bank) wants(change ...any) string {
	body := map[string]any{
		"consumerType": "ENTITY", "consumer": "123456789", "informationType": "QR_AUTHENT", "channelCode": "0b3b2f6e-6f0e-4a51-9c3b-7d0e6f2a1b4c",
		"replyDeadline": b.r.clock().Add(10 * time.Minute).In(b.r.login.Policy.Zone).Format("2006-01-02 15:04"), "attributeList": []string{nic, fullName},
		"requestDescription": "Balcão 3", "consumerName": "Banco", "languageDescription": "pt_PT", "replyTo": nil,
	}
	for i := 0; i+1 < len(change); i += 2 {
		if change[i+1] == nil {
			delete(body, change[i].(string))
		} else {
			body[change[i].(string)] = change[i+1]
		}
	}
	text, _ := json.Marshal(body)
	return string(text)
}

func (b *bank) create(body string) reply {
	b.r.t.Helper()
	return b.r.post(qrPath, body, "Authorization", "Bearer "+b.jwt())
}

// decided is what the service heard last, with the JWT verified by our published keys.
func (b *bank) decided() (code string, body, claims map[string]any, jwt string) {
	b.r.t.Helper()
	b.r.settle()
	all := b.decisions()
	if len(all) == 0 {
		b.r.t.Fatal("nothing was heard")
	}
	if err := json.Unmarshal([]byte(all[len(all)-1]), &body); err != nil {
		b.r.t.Fatal(err)
	}
	code, _ = body["result"].(map[string]any)["code"].(string)
	jwt, _ = body["jwt"].(string)
	if jwt != "" {
		claims = b.r.claims(jwt)
	}
	return code, body, claims, jwt
}

// claims verifies a JWT of ours: RS512 by a key of the ring.
func (r *rig) claims(text string) map[string]any {
	r.t.Helper()
	parsed, err := jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.RS512})
	if err != nil {
		r.t.Fatal(err)
	}
	keys, err := r.keys.Published(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	for _, k := range keys {
		if payload, err := parsed.Verify(k.Key); err == nil {
			var claims map[string]any
			_ = json.Unmarshal(payload, &claims)
			return claims
		}
	}
	r.t.Fatal("signed by no key of ours")
	return nil
}

// approve goes the phone's way, by the pages: number, who asks, PIN and code, share, done.
func (r *rig) approve(number, who string, refuse bool) page {
	r.t.Helper()
	b := r.browser()
	p := b.post("/qr", url.Values{"number": {strings.ToUpper(strings.ReplaceAll(number, "-", " "))}})
	if p.status != http.StatusSeeOther || p.location != "/qr/"+number {
		r.t.Fatalf("the number led to %d %s", p.status, p.location)
	}
	p = b.get(p.location)
	for _, want := range []string{"Banco do Largo", number[:8], "Continue só se foi você", "Balcão 3"} {
		if !strings.Contains(p.body, want) {
			r.t.Errorf("the page does not say %q", want)
		}
	}
	begun := b.transaction(b.post("/qr/"+number, nil))
	if begun.Next(r.clock()) != login.StepWho || begun.Realm != login.Compat || begun.Wire != "faqr" {
		r.t.Fatalf("began %+v", begun)
	}
	begun = b.prove(begun, who)
	if refuse {
		if _, err := r.login.Refuse(r.t.Context(), begun.ID, b.cookie("chave_browser")); err != nil {
			r.t.Fatal(err)
		}
		return b.get(begun.Resume)
	}
	p = b.agree(begun)
	if again := b.get(begun.Resume); again.status == http.StatusOK && p.status == http.StatusOK && !strings.Contains(again.body, "já terminou") {
		r.t.Errorf("opened again: %d", again.status)
	}
	return p
}

func TestS2_7_QR_sign_in(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	made := b.create(b.wants())
	number := made.text("requestNumber")
	if made.status != http.StatusOK || !strings.HasPrefix(made.raw, `{"result":{"code":"PENDING","description":"`) || !uuid4.MatchString(number) {
		t.Fatalf("answered %d %s", made.status, made.raw)
	}
	picture, err := base64.StdEncoding.DecodeString(made.text("qrCode"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(bytes.NewReader(picture)); err != nil {
		t.Fatal(err)
	}
	t.Run("the picture holds the number and nothing else", func(t *testing.T) {
		if got, err := r.door.Read(bytes.NewReader(picture)); err != nil || got != number {
			t.Errorf("read %q, %v", got, err)
		}
		p := r.browser().photograph(picture)
		if p.status != http.StatusSeeOther || p.location != "/qr/"+number {
			t.Errorf("the photograph led to %d %s", p.status, p.location)
		}
	})
	if p := r.approve(number, phone, false); p.status != http.StatusOK || !strings.Contains(p.body, "Veja o outro ecrã") {
		t.Fatalf("the phone shows %d %s", p.status, p.body)
	}
	code, body, claims, jwt := b.decided()
	if code != "AUTH_ACCEPTED" || body["requestNumber"] != number || body["validity"] != "null" {
		t.Errorf("heard %v", body)
	}
	token, _ := claims["access_token"].(string)
	if !uuid4.MatchString(token) || claims["token_type"] != "bearer" || claims["expires_in"] != "300" || len(claims) != 3 {
		t.Errorf("claims %v", claims)
	}
	t.Run("§2.7.3 one step", func(t *testing.T) {
		got := r.post(jwtService+"ResourceJWT", `{"token":"`+jwt+`","attributesName":["`+nic+`","`+fullName+`"]}`)
		claims := r.claims(got.text("jsonWebToken"))
		if got.status != http.StatusOK || got.text("processId") != "null" || claims[nic] != "10000000" || claims[fullName] != "MARIA INVENTADA DA CONCEIÇÃO" || claims["exp"] == nil {
			t.Errorf("answered %s: %v", got.raw, claims)
		}
		if said := got.object()["result"].(map[string]any); said["code"] != "200" || said["description"] == "" || said["message"] != said["description"] {
			t.Errorf("answered %s", got.raw)
		}
	})
	t.Run("§2.7.3 begin and fetch", func(t *testing.T) {
		begun := r.post(jwtService+"BeginAttributeRequest", `{"token":"`+jwt+`"}`)
		if begun.status != http.StatusOK || begun.text("jsonWebToken") != jwt || len(begun.text("processId")) != 36 {
			t.Fatalf("answered %d %s", begun.status, begun.raw)
		}
		got := r.post(jwtService+"FetchAttributes", `{"token":"`+jwt+`","authenticationContextId":"`+begun.text("processId")+`"}`)
		if claims := r.claims(got.text("jsonWebToken")); claims[nic] != "10000000" || got.text("processId") != begun.text("processId") {
			t.Errorf("answered %s: %v", got.raw, claims)
		}
	})
	t.Run("a token that is not in a JWT of ours is none", func(t *testing.T) {
		for _, token := range []string{token, "", b.signed(jose.RS512, b.key, map[string]any{"access_token": token}), b.jwt(), jwt + "x"} {
			got := r.post(jwtService+"ResourceJWT", `{"token":"`+token+`"}`)
			if want := http.StatusUnauthorized; got.status != want && (token != "" || got.status != http.StatusBadRequest) || got.object()["jsonWebToken"] != nil {
				t.Errorf("answered %d %s", got.status, got.raw)
			}
		}
	})
	t.Run("it is decided", func(t *testing.T) {
		p := r.browser().get("/qr/" + number)
		if p.status != http.StatusConflict || !strings.Contains(p.body, "CH-1617") {
			t.Errorf("answered %d", p.status)
		}
	})
	if log := r.logged(); strings.Contains(log, token) || strings.Contains(log, number) || strings.Contains(log, "Balcão") {
		t.Error("the log says too much")
	}
}

func (b *browser) photograph(picture []byte) page {
	b.r.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, _ := form.CreateFormFile("photo", "code.png")
	_, _ = part.Write(picture)
	_ = form.Close()
	req, _ := http.NewRequest(http.MethodPost, b.r.server.URL+"/qr/photo", &body)
	req.Header.Set("Content-Type", form.FormDataContentType())
	return b.do(req)
}

func TestS2_7_2_refusal_and_the_other_kind_of_request(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	number := b.create(b.wants()).text("requestNumber")
	if p := r.approve(number, phone, true); p.status != http.StatusOK || !strings.Contains(p.body, "Disse que não") {
		t.Fatalf("the phone shows %d", p.status)
	}
	code, body, _, jwt := b.decided()
	if code != "AUTH_REFUSED" || jwt != "" || body["requestNumber"] != number {
		t.Errorf("heard %v", body)
	}
	t.Run("an authorisation for one person", func(t *testing.T) {
		want := b.wants("informationType", "JWT", "owner", "10000000", "validity", "2027-01-01", "group", "x", "foreignOwner", nil)
		made := r.post(allowPath, want, "Authorization", "Bearer "+b.jwt())
		number := made.text("requestNumber")
		if made.status != http.StatusOK {
			t.Fatalf("answered %d %s", made.status, made.raw)
		}
		if p := r.approve(number, otherPhone, false); p.status != http.StatusNotFound || !strings.Contains(p.body, "CH-1616") {
			t.Errorf("somebody else sees %d", p.status)
		}
		if p := r.approve(number, phone, false); p.status != http.StatusOK {
			t.Fatalf("the phone shows %d", p.status)
		}
		if code, body, _, _ := b.decided(); code != "ACCEPTED" || body["validity"] != "2027-01-01" {
			t.Errorf("heard %v", body)
		}
	})
}

func TestS2_7_1_what_is_not_taken(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now := r.clock()
	for name, c := range map[string]struct {
		bearer, body string
		status       int
	}{
		"no JWT":                               {"", b.wants(), 401},
		"not a JWT":                            {"x.y.z", b.wants(), 401},
		"another's key":                        {b.signed(jose.RS256, stranger, map[string]any{"clientId": "200000000001", "iat": now.Unix(), "exp": now.Unix() + 60}), b.wants(), 401},
		"RS512":                                {b.signed(jose.RS512, b.key, map[string]any{"clientId": "200000000001", "iat": now.Unix(), "exp": now.Unix() + 60}), b.wants(), 401},
		"HMAC with the certificate's key":      {b.signed(jose.HS256, x509.MarshalPKCS1PublicKey(&b.key.PublicKey), map[string]any{"clientId": "200000000001", "iat": now.Unix(), "exp": now.Unix() + 60}), b.wants(), 401},
		"a service that does not sign":         {b.jwt("clientId", client), b.wants(), 401},
		"an unknown service":                   {b.jwt("clientId", "1"), b.wants(), 401},
		"no service":                           {b.jwt("clientId", ""), b.wants(), 401},
		"ended":                                {b.jwt("exp", now.Add(-2*time.Minute).Unix(), "iat", now.Add(-4*time.Minute).Unix()), b.wants(), 401},
		"from the future":                      {b.jwt("iat", now.Add(2*time.Minute).Unix()), b.wants(), 401},
		"for a year":                           {b.jwt("exp", now.Add(365*24*time.Hour).Unix()), b.wants(), 401},
		"no times":                             {b.signed(jose.RS256, b.key, map[string]any{"clientId": "200000000001"}), b.wants(), 401},
		"not JSON":                             {b.jwt(), "{", 400},
		"another consumerType":                 {b.jwt(), b.wants("consumerType", "PERSON"), 400},
		"another informationType":              {b.jwt(), b.wants("informationType", "JWT"), 400},
		"no channelCode":                       {b.jwt(), b.wants("channelCode", nil), 400},
		"a channelCode too long":               {b.jwt(), b.wants("channelCode", strings.Repeat("x", 46)), 400},
		"a description too long":               {b.jwt(), b.wants("requestDescription", strings.Repeat("é", 46)), 400},
		"no replyDeadline":                     {b.jwt(), b.wants("replyDeadline", nil), 400},
		"a replyDeadline that is none":         {b.jwt(), b.wants("replyDeadline", "tomorrow"), 400},
		"a replyDeadline that has passed":      {b.jwt(), b.wants("replyDeadline", "2026-11-23 11:00"), 401},
		"no attributeList":                     {b.jwt(), b.wants("attributeList", nil), 400},
		"an attribute that is not registered":  {b.jwt(), b.wants("attributeList", []string{nic, mdc + "NIF"}), 400},
		"nobody could be known":                {b.jwt(), b.wants("attributeList", []string{fullName}), 400},
		"a foreign callback":                   {b.jwt(), b.wants("replyTo", "https://evil.test/"), 400},
		"a callback inside our network":        {b.jwt(), b.wants("replyTo", "http://169.254.169.254/latest/meta-data"), 400},
		"a callback on another of our ports":   {b.jwt(), b.wants("replyTo", "http://127.0.0.1:1/"), 400},
		"a callback at the domain's other way": {b.jwt(), b.wants("replyTo", "https://bank.example.test:22/"), 400},
		"ten megabytes":                        {b.jwt(), `{"x":"` + strings.Repeat("x", 10<<20) + `"}`, 413},
	} {
		got := r.post(qrPath, c.body, "Authorization", "Bearer "+c.bearer)
		said, _ := got.object()["result"].(map[string]any)
		if got.status != c.status || said["code"] == "PENDING" || said["message"] == "" || got.text("requestNumber") != "" {
			t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
	t.Run("the same JWT and body twice", func(t *testing.T) {
		bearer, body := "Bearer "+b.jwt("iat", now.Unix()-1), b.wants()
		if got := r.post(qrPath, body, "Authorization", bearer); got.status != http.StatusOK {
			t.Fatalf("answered %d %s", got.status, got.raw)
		}
		if got := r.post(qrPath, body, "Authorization", bearer); got.status != http.StatusConflict || !strings.Contains(got.raw, "CH-1607") {
			t.Errorf("answered %d %s", got.status, got.raw)
		}
		if got := r.post(qrPath, b.wants("channelCode", "another"), "Authorization", bearer); got.status != http.StatusOK {
			t.Errorf("another request with it: %d %s", got.status, got.raw)
		}
	})
	t.Run("a certificate that has ended", func(t *testing.T) {
		r.advance(49 * time.Hour)
		if got := b.create(b.wants()); got.status != http.StatusUnauthorized {
			t.Errorf("answered %d %s", got.status, got.raw)
		}
	})
	if log := r.logged(); strings.Contains(log, "evil.test") || strings.Contains(log, "meta-data") {
		t.Error("the log holds what was sent")
	}
}

func TestS2_7_deadline(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	number := b.create(b.wants()).text("requestNumber")
	phoneBrowser := r.browser()
	begun := phoneBrowser.prove(phoneBrowser.transaction(phoneBrowser.post("/qr/"+number, nil)), phone)
	r.advance(10*time.Minute + time.Second)
	if p := phoneBrowser.agree(begun); p.status != http.StatusConflict || !strings.Contains(p.body, "CH-1617") {
		t.Errorf("the phone shows %d", p.status)
	}
	r.settle()
	if len(b.decisions()) != 0 {
		t.Errorf("heard %v", b.decisions())
	}
	if p := r.browser().post("/qr", url.Values{"number": {number}}); p.status != http.StatusConflict || !strings.Contains(p.body, "CH-1617") {
		t.Errorf("a new phone is shown %d", p.status)
	}
	t.Run("no request waits longer than a day", func(t *testing.T) {
		number := b.create(b.wants("replyDeadline", "2027-11-23 12:00")).text("requestNumber")
		waiting, err := r.door.Look(t.Context(), number)
		if err != nil || waiting.Until.Sub(r.clock()) != 24*time.Hour {
			t.Errorf("until %v, %v", waiting.Until, err)
		}
	})
}

func TestS2_7_of_two_phones_one_decides(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	number := b.create(b.wants()).text("requestNumber")
	one, two := r.browser(), r.browser()
	first := one.prove(one.transaction(one.post("/qr/"+number, nil)), phone)
	second := two.prove(two.transaction(two.post("/qr/"+number, nil)), otherPhone)
	if p := one.agree(first); p.status != http.StatusOK {
		t.Fatalf("the first is shown %d", p.status)
	}
	if p := two.agree(second); p.status != http.StatusConflict {
		t.Errorf("the second is shown %d", p.status)
	}
	r.settle()
	if n := len(b.decisions()); n != 1 {
		t.Errorf("%d decisions were heard", n)
	}
}

func TestS2_7_2_delivery_is_tried_again_and_follows_no_redirect(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	for _, c := range []struct {
		name   string
		status func(int) int
		want   int
	}{
		{"a failure is tried again", func(try int) int { return map[bool]int{true: 503, false: 200}[try < 3] }, 3},
		{"a redirect leads nowhere", func(int) int { return http.StatusTemporaryRedirect }, 7},
		{"a refusal is final", func(int) int { return http.StatusBadRequest }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			b.heard, b.status = nil, c.status
			r.advance(time.Second)
			r.approve(b.create(b.wants()).text("requestNumber"), phone, false)
			r.settle()
			if n := len(b.decisions()); n != c.want {
				t.Errorf("heard %d times", n)
			}
		})
	}
}

func TestQR_pages_take_numbers_as_people_type_them(t *testing.T) {
	r := newRig(t)
	b := r.bank()
	number := b.create(b.wants()).text("requestNumber")
	for typed, want := range map[string]int{
		number: 303, " " + strings.ToUpper(number) + "\t": 303, strings.ReplaceAll(number, "-", ""): 303, strings.ReplaceAll(number, "-", "–"): 303,
		"": 404, "0f6f5c1e": 404, strings.Repeat("0", 32): 404, strings.Repeat("x", 300): 404, number + "0": 404,
	} {
		if p := r.browser().post("/qr", url.Values{"number": {typed}}); p.status != want {
			t.Errorf("%q: %d", typed, p.status)
		}
	}
	for name, picture := range map[string][]byte{"nothing": nil, "no picture": []byte("hello"), "no code": blank(t)} {
		if p := r.browser().photograph(picture); p.status != http.StatusNotFound || !strings.Contains(p.body, "CH-1616") {
			t.Errorf("%s: %d", name, p.status)
		}
	}
	if p := r.browser().photograph(make([]byte, 11<<20)); p.status != http.StatusUnprocessableEntity || !strings.Contains(p.body, "CH-1006") {
		t.Errorf("eleven megabytes: %d", p.status)
	}
	if p := r.browser().get("/qr"); p.status != http.StatusOK || !strings.Contains(p.body, `name="photo"`) {
		t.Errorf("the first page: %d", p.status)
	}
	if p := r.browser().get("/qr/" + strings.Repeat("0", 36)); p.status != http.StatusNotFound {
		t.Errorf("nobody's number: %d", p.status)
	}
	if _, err := r.door.Begin(t.Context(), "0f6f5c1e-4b59-4d0e-8a35-5a7e2b1c9d10", "pt", "browser"); !fault.Is(err, fault.QRUnknown) {
		t.Errorf("began: %v", err)
	}
}
