package scmd_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/xml"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"chave/internal/core/service"
	"chave/internal/outside/keystore"
	"chave/internal/outside/keystore/keystoretest"
	"chave/internal/outside/store"
	"chave/internal/wire/scmd"
)

const (
	scmdPath    = "/Ama.Authentication.Frontend/SCMDService.svc"
	ccmovelPath = "/Ama.Authentication.Frontend/CCMovelDigitalSignature.svc"
	appID       = "0b7c1f5a-9d3e-4c62-8a41-5e2f7d9c0a13"
	otherID     = "6e1d4b90-27c8-4f3a-b5d6-91a0c3e8f742"
	user        = "registry"
	password    = "a-password-of-the-registry"
	phone       = "+351 929943618"
	signPIN     = "4711"
	otp         = "135790"
)

// rig is both services over a real database and a real keystore, with a clock that only the test moves. Signing is a stand-in unless a test says otherwise.
type rig struct {
	t        testing.TB
	mu       sync.Mutex
	now      time.Time
	address  string
	db       *store.DB
	vault    keystore.Store
	signing  *stand
	provider *scmd.Provider
	server   *httptest.Server
	logs     bytes.Buffer
	counted  map[service.Switch]int
	inject   func(store.Step) error
}

func newRig(t testing.TB, change ...func(*scmd.Provider)) *rig {
	t.Helper()
	r := &rig{t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), address: "192.0.2.10", counted: map[service.Switch]int{}}
	var err error
	r.vault = keystoretest.Open(t)
	r.db, err = store.Open(t.Context(), store.Config{
		Driver: store.SQLite, DSN: filepath.Join(t.TempDir(), "scmd.db"), Vault: r.vault, Now: r.clock,
		Inject: func(step store.Step, _ string) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.inject == nil {
				return nil
			}
			return r.inject(step)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.db.Close() })
	if err := r.db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.signing = newStand(r.clock)
	mux := http.NewServeMux()
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		req.URL.Path = strings.ToLower(req.URL.Path) // as the application does
		mux.ServeHTTP(w, req)
	}))
	t.Cleanup(r.server.Close)
	r.provider = &scmd.Provider{
		Issuer: "https://chave.example", Signing: r.signing, Do: store.In[scmd.Tx](r.db), View: store.InView[scmd.Tx](r.db), Fields: fieldKeys(2), Vault: r.vault,
		Now: r.clock, Rand: rand.Reader, Log: slog.New(slog.NewJSONHandler(lockedWriter{&r.mu, &r.logs}, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Address: func(*http.Request) string { return r.address },
		Count: func(_ string, used service.Switch) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.counted[used]++
		},
		Rules: scmd.Rules{BatchTrust: 5 * time.Minute},
	}
	for _, c := range change {
		c(r.provider)
	}
	if err := r.provider.Check(); err != nil {
		t.Fatal(err)
	}
	r.provider.Mount(mux)
	r.register(registry())
	other := registry()
	other.ID, other.SCMD = "other", &service.SCMD{ApplicationID: otherID, User: "other", Password: "another-long-password"}
	r.register(other)
	return r
}

type lockedWriter struct {
	mu *sync.Mutex
	to io.Writer
}

func (w lockedWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(b)
}

func (r *rig) logged() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.logs.String()
}

func (r *rig) clock() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

func (r *rig) advance(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = r.now.Add(d)
}

// registry is an application to which both doors are open.
func registry() service.Settings {
	return service.Settings{
		ID: "registry", Name: service.Text{"pt": "Registo", "en": "Registry"}, Secret: "a-secret-of-at-least-thirty-two-characters",
		SCMD:   &service.SCMD{ApplicationID: appID, User: user, Password: password},
		Compat: map[service.Switch]service.Allowance{service.CollectsPIN: {}, service.ClearPIN: {}},
	}
}

func (r *rig) register(s service.Settings) {
	r.t.Helper()
	made, err := service.New(s, r.vault)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := r.db.Do(context.Background(), func(tx *store.Tx) error { return tx.SaveService(made) }); err != nil {
		r.t.Fatal(err)
	}
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	raw    string
}

// member reads a member as the client does that knows no namespaces: by its literal prefix. "nil" stands for nil.
func (a reply) member(name string) string {
	if strings.Contains(a.raw, "<a:"+name+` i:nil="true"/>`) {
		return "nil"
	}
	return between(a.raw, "<a:"+name+">", "</a:"+name+">")
}

func between(text, from, to string) string {
	_, rest, ok := strings.Cut(text, from)
	if !ok {
		return "missing"
	}
	inside, _, _ := strings.Cut(rest, to)
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&amp;", "&").Replace(inside)
}

func (a reply) code() string    { return a.member("Code") }
func (a reply) process() string { return a.member("ProcessId") }

// request is one HTTP call; zero fields are filled with what a good client sends.
type request struct {
	path, operation string
	action          *string // SOAPAction as sent; nil for the right one
	inside          string  // what is in the operation's wrapper
	body            string  // instead of an envelope around inside
	contentType     string
	user, password  string // "-" as user: none
	header          http.Header
}

func (r *rig) do(q request) reply {
	r.t.Helper()
	body := q.body
	if body == "" {
		body = envelope(q.operation, q.inside)
	}
	req, err := http.NewRequest(http.MethodPost, r.server.URL+q.path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for name, values := range q.header {
		req.Header[name] = values
	}
	if q.contentType == "" {
		q.contentType = "text/xml; charset=utf-8"
	}
	if q.contentType != "-" {
		req.Header.Set("Content-Type", q.contentType)
	}
	port := "SCMDService"
	if strings.EqualFold(q.path, ccmovelPath) {
		port = "CCMovelSignature"
	}
	action := `"http://Ama.Authentication.Service/` + port + `/` + q.operation + `"`
	if q.action != nil {
		action = *q.action
	}
	if action != "-" {
		req.Header["SOAPAction"] = []string{action}
	}
	if q.user == "" {
		q.user, q.password = user, password
	}
	if q.user != "-" {
		req.SetBasicAuth(q.user, q.password)
	}
	return r.send(req)
}

func (r *rig) send(req *http.Request) reply {
	r.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { r.t.Error("redirected"); return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	if resp.ContentLength != int64(len(raw)) || len(resp.TransferEncoding) > 0 {
		r.t.Errorf("%s: length %d of %d, %v", req.URL.Path, resp.ContentLength, len(raw), resp.TransferEncoding)
	}
	return reply{resp.StatusCode, resp.Header, string(raw)}
}

func (r *rig) get(path string) reply {
	r.t.Helper()
	req, err := http.NewRequest(http.MethodGet, r.server.URL+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.send(req)
}

func envelope(operation, inside string) string {
	return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><` + operation + ` xmlns="http://Ama.Authentication.Service/">` + inside + `</` + operation + `></s:Body></s:Envelope>`
}

// request structure for both services: pairs of name and value, as they are on the wire.
func requestOf(pairs ...string) string {
	return `<request xmlns:a="http://schemas.datacontract.org/2004/07/Ama.Structures.CCMovelSignature">` + members("a:", pairs...) + `</request>`
}

func members(prefix string, pairs ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		b.WriteString("<" + prefix + pairs[i] + ">")
		_ = xml.EscapeText(&b, []byte(pairs[i+1]))
		b.WriteString("</" + prefix + pairs[i] + ">")
	}
	return b.String()
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func app(id string) string { return b64([]byte(id)) }

var sha256Prefix = []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}

func digestOf(document string) []byte {
	sum := sha256.Sum256([]byte(document))
	return sum[:]
}

func digestInfo(document string) string {
	return b64(append(bytes.Clone(sha256Prefix), digestOf(document)...))
}

// wire is one of the two services, for tests that hold on both.
type wire struct {
	name, path, sign, multiple string
	pinMember                  string
	hide                       func(string) string // what the client does to user, PIN and code
}

func wires() []wire {
	return []wire{
		{"scmd", scmdPath, "SCMDSign", "SCMDMultipleSign", "pin", func(s string) string { return encrypt(0, s) }},
		{"ccmovel", ccmovelPath, "CCMovelSign", "CCMovelMultipleSign", "signaturePin", func(s string) string { return s }},
	}
}

// signRequest is a single signature that nothing is wrong with; change it to make something wrong.
func (w wire) signRequest(change ...string) request {
	pairs := []string{"ApplicationId", app(appID), "DocName", "contract.pdf", "Hash", digestInfo("contract"), "Pin", w.hide(signPIN), "UserId", w.hide(phone)}
	return request{path: w.path, operation: w.sign, inside: requestOf(changed(pairs, change)...)}
}

func changed(pairs, change []string) []string {
	for i := 0; i+1 < len(change); i += 2 {
		for j := 0; j+1 < len(pairs); j += 2 {
			if pairs[j] == change[i] {
				pairs[j+1] = change[i+1]
			}
		}
	}
	return pairs
}

type doc struct{ name, id, hash string }

func (w wire) batchRequest(docs ...doc) request {
	var list strings.Builder
	for _, d := range docs {
		list.WriteString("<b:HashStructure>" + members("b:", "Hash", d.hash, "Name", d.name, "id", d.id) + "</b:HashStructure>")
	}
	return request{path: w.path, operation: w.multiple, inside: requestOf("ApplicationId", app(appID), "Pin", w.hide(signPIN), "UserId", w.hide(phone)) +
		`<documents xmlns:b="http://schemas.datacontract.org/2004/07/Ama.Structures.CCMovelSignature">` + list.String() + `</documents>`}
}

func (w wire) certificateRequest(number string) request {
	return request{path: w.path, operation: "GetCertificate", inside: members("", "applicationId", app(appID), "userId", w.hide(number))}
}

func (w wire) withPINRequest() request {
	return request{path: w.path, operation: "GetCertificateWithPin", inside: members("", "applicationId", app(appID), "userId", w.hide(phone), w.pinMember, w.hide(signPIN))}
}

func (w wire) forceRequest(process, number string) request {
	return request{path: w.path, operation: "ForceSMS", inside: members("", "processId", process, "citizenId", w.hide(number), "applicationId", app(appID))}
}

func (w wire) validateRequest(process, code string) request {
	inside := members("", "code", w.hide(code), "processId", process, "applicationId", app(appID))
	if w.name == "ccmovel" {
		inside += members("", "isBiometric", "false")
	}
	return request{path: w.path, operation: "ValidateOtp", inside: inside}
}

func pollRequest(process string) request {
	return request{path: ccmovelPath, operation: "SignDocumentPooling", inside: members("", "applicationId", app(appID), "processId", process)}
}

// begun is the process of a request that must succeed.
func (r *rig) begun(q request) string {
	r.t.Helper()
	got := r.do(q)
	if got.status != http.StatusOK || got.code() != "200" || !uuid4.MatchString(got.process()) {
		r.t.Fatalf("%s: %d %s", q.operation, got.status, got.raw)
	}
	return got.process()
}

var uuid4 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// fieldKeys are the first n of the keys for fields.
type fieldKeys int

var fieldRSA = sync.OnceValue(func() []*rsa.PrivateKey {
	all := make([]*rsa.PrivateKey, 2)
	for i := range all {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		all[i] = key
	}
	return all
})

func (n fieldKeys) Decrypters(context.Context) ([]func([]byte) ([]byte, bool), error) {
	var all []func([]byte) ([]byte, bool)
	for _, key := range fieldRSA()[:n] {
		all = append(all, func(block []byte) ([]byte, bool) {
			plain, err := rsa.DecryptPKCS1v15(nil, key, block) //nolint:staticcheck // what the clients do
			return plain, err == nil
		})
	}
	return all, nil
}

func (n fieldKeys) Certificate(context.Context) ([]byte, error) {
	key := fieldRSA()[0]
	about := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "made-up"}, NotAfter: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)}
	return x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
}

// encrypt does what SCMD's clients do, to one of the keys.
func encrypt(key int, text string) string {
	block, err := rsa.EncryptPKCS1v15(rand.Reader, &fieldRSA()[key].PublicKey, []byte(text)) //nolint:staticcheck // what the clients do
	if err != nil {
		panic(err)
	}
	return b64(block)
}

// withRules changes how long a login is trusted for a batch.
func withRules(trust time.Duration) func(*scmd.Provider) {
	return func(p *scmd.Provider) { p.Rules.BatchTrust = trust }
}
