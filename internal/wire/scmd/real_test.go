package scmd_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"strings"
	"testing"
	"time"

	"chave/internal/core/certificate"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
	"chave/internal/core/message"
	"chave/internal/core/signing"
	"chave/internal/outside/keystore"
	"chave/internal/outside/pki"
	"chave/internal/outside/store"
	"chave/internal/wire/scmd"
)

// real is the rig with nothing stood in for: core/signing, the authorities, the keystore's own keys for fields.
type real struct {
	*rig
	service *signing.Service
	fields  *realFields
	keys    *goneKeys
}

// goneKeys is the keystore of signing, which a test may take away.
type goneKeys struct {
	keystore.Store
	gone bool
}

func (k *goneKeys) Seal(label string, context, plain []byte) ([]byte, error) {
	if k.gone {
		return nil, fault.New(fault.KeystoreUnavailable)
	}
	return k.Store.Seal(label, context, plain)
}

func (k *goneKeys) OpenPersonalKey(locked, context []byte, secret signing.Unlock, fn func(signing.PersonalSigner) error) error {
	if k.gone {
		return fault.New(fault.KeystoreUnavailable)
	}
	return k.Store.OpenPersonalKey(locked, context, secret, fn)
}

func newReal(t testing.TB) *real {
	t.Helper()
	r := &real{fields: &realFields{}}
	r.rig = newRig(t, func(p *scmd.Provider) { p.Fields = r.fields })
	r.fields.make(t, r.vault)
	r.keys = &goneKeys{Store: r.vault}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	profiles, err := pki.Settings{Address: "https://chave.example", RootAlg: "RS256", IssuingAlg: "RS256", TSAAlg: "ES256"}.Check()
	must(err)
	log := slog.New(slog.DiscardHandler)
	authority := &pki.Authority{
		Do: store.In[certificate.Tx](r.db), View: store.InView[certificate.Tx](r.db), Keys: r.vault, Profiles: profiles, Now: r.clock, Rand: rand.Reader, Log: log, MakesRoot: true,
	}
	must(authority.Ensure(t.Context()))
	policy := credential.Policy{Zone: time.UTC, Argon2MemKB: 64, CodesPerPerson: 1000, CodesPerAddress: 1000}.Defaults()
	hasher := credential.Hasher{Vault: r.vault, Rand: rand.Reader, Policy: policy}
	r.service = &signing.Service{
		Do: store.In[signing.Tx](r.db), View: store.InView[signing.Tx](r.db), Vault: r.keys, Hasher: hasher, Policy: policy, Rules: signing.Rules{Terms: "1"},
		Authority: authority, Registry: free{}, Now: r.clock, Rand: rand.Reader, Wake: func() {}, Log: log,
		AddressKey: func(a string) []byte { return r.vault.MAC("address", []byte(a)) },
	}
	r.provider.Signing = r.service
	admission := &enrol.Service{
		Do: store.In[enrol.Tx](r.db), View: store.InView[enrol.Tx](r.db), Hasher: hasher, Policy: policy,
		Rules: enrol.Rules{MinAge: 16, Zone: time.UTC}.Defaults(), Now: r.clock, Rand: rand.Reader, Wake: func() {},
	}
	signIn, err := credential.ParsePIN("861374")
	must(err)
	chosen, err := credential.ParsePIN(realPIN)
	must(err)
	who, err := admission.Admit(t.Context(), enrol.Admission{PIN: signIn, Actor: "test", At: r.clock(), Person: citizen.Person{
		GivenNames: "Oksana", Surnames: "Made-Up", BirthDate: citizen.Date{Year: 1991, Month: 9, Day: 23}, Nationality: "UKR",
		Documents: []citizen.Document{{Type: citizen.Passport, Country: "UKR", Number: "ZZ990417", Expires: citizen.Date{Year: 2030, Month: 1, Day: 31}}},
		Phone:     "+351929943618", Lang: "en", Standing: citizen.Standing{Accompanied: citizen.No},
	}})
	must(err)
	_, err = r.service.Activate(t.Context(), signing.Activation{Person: who, Operator: "operator", Alg: signing.RSA3072, PIN: chosen, Again: chosen, Terms: "1"})
	must(err)
	r.sent()
	return r
}

const realPIN = "274951"

type free struct{}

func (free) StandingOf(context.Context, citizen.Person) (citizen.Standing, error) {
	return citizen.Standing{Accompanied: citizen.No}, nil
}

// realFields are two keys of the keystore.
type realFields struct {
	open   []func([]byte) ([]byte, bool)
	public []*rsa.PublicKey
	der    []byte
}

func (f *realFields) make(t testing.TB, vault keystore.Store) {
	t.Helper()
	for range 2 {
		sealed, public, err := vault.NewDecryptionKey()
		if err != nil {
			t.Fatal(err)
		}
		open, err := vault.Decrypter(sealed)
		if err != nil {
			t.Fatal(err)
		}
		f.open, f.public = append(f.open, open), append(f.public, public.(*rsa.PublicKey))
		f.der, err = vault.CertifyDecryptionKey(sealed, &x509.Certificate{
			SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "scmd.chave.example"}, NotAfter: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func (f *realFields) Decrypters(context.Context) ([]func([]byte) ([]byte, bool), error) {
	return f.open, nil
}
func (f *realFields) Certificate(context.Context) ([]byte, error) { return f.der, nil }

// wires are both services as a client of this installation calls them, the encrypted fields under the certificate that it publishes.
func (r *real) wires() []wire {
	r.t.Helper()
	cert, err := x509.ParseCertificate([]byte(r.get("/scmd/cipher.cer").raw))
	if err != nil {
		r.t.Fatal(err)
	}
	both := wires()
	both[0].hide = func(text string) string {
		block, err := rsa.EncryptPKCS1v15(rand.Reader, cert.PublicKey.(*rsa.PublicKey), []byte(text)) //nolint:staticcheck // what the clients do
		if err != nil {
			r.t.Fatal(err)
		}
		return b64(block)
	}
	return both
}

// sent drains the outbox and gives the codes with what they name.
func (r *real) sent() (messages []message.Message) {
	r.t.Helper()
	err := r.db.Do(context.Background(), func(tx *store.Tx) error {
		messages = nil
		all, err := tx.LeaseMessages("test", 1000, r.clock(), r.clock().Add(time.Second))
		if err != nil {
			return err
		}
		var ids []string
		for _, m := range all {
			ids = append(ids, m.ID)
			if m.Kind == message.SignCode {
				messages = append(messages, m)
			}
		}
		return tx.DoneMessages("test", ids)
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return messages
}

func (r *real) code() string {
	r.t.Helper()
	all := r.sent()
	if len(all) != 1 {
		r.t.Fatalf("%d codes were sent", len(all))
	}
	return all[0].Data["code"]
}

func (w wire) real(change ...string) request {
	return w.signRequest(append([]string{"Pin", w.hide(realPIN), "UserId", w.hide(phone)}, change...)...)
}

// leaf is the certificate that GetCertificate gives for the holder, checked up to the root.
func (r *real) leaf(w wire) *x509.Certificate {
	r.t.Helper()
	rest := []byte(between(r.do(w.certificateRequest(phone)).raw, "<GetCertificateResult>", "</GetCertificateResult>"))
	var chain []*x509.Certificate
	for len(rest) > 0 {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			r.t.Fatalf("no certificate in %q", rest)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			r.t.Fatal(err)
		}
		chain = append(chain, cert)
	}
	if len(chain) != 3 {
		r.t.Fatalf("%d certificates", len(chain))
	}
	if err := chain[1].CheckSignatureFrom(chain[1]); err != nil {
		r.t.Errorf("second is the root: %v", err)
	}
	if err := chain[2].CheckSignatureFrom(chain[1]); err != nil {
		r.t.Errorf("third is the issuing authority: %v", err)
	}
	if err := chain[0].CheckSignatureFrom(chain[2]); err != nil {
		r.t.Errorf("first is the person's: %v", err)
	}
	return chain[0]
}

func TestReal_S8_14_the_signature_is_of_the_key_in_GetCertificate(t *testing.T) {
	r := newReal(t)
	for _, w := range r.wires() {
		t.Run(w.name, func(t *testing.T) {
			cert := r.leaf(w)
			key := cert.PublicKey.(*rsa.PublicKey)
			process := r.begun(w.real("DocName", "lease.pdf"))
			sent := r.sent()
			if len(sent) != 1 || sent[0].Data["document"] != "lease.pdf" || sent[0].Data["service"] != "Registry" {
				t.Fatalf("sent %v", sent)
			}
			got := r.do(w.validateRequest(process, sent[0].Data["code"]))
			signature, _ := base64.StdEncoding.DecodeString(got.member("Signature"))
			if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digestOf("contract"), signature); err != nil || len(signature) != 384 || key.N.BitLen() != 3072 {
				t.Fatalf("%v: %s", err, got.raw)
			}
			again := r.do(w.validateRequest(process, sent[0].Data["code"]))
			if again.raw != got.raw {
				t.Errorf("asked again: %s", again.raw)
			}
			r.advance(61 * time.Second)
			if late := r.do(w.validateRequest(process, sent[0].Data["code"])); late.code() != "900" {
				t.Errorf("a minute later: %s", late.raw)
			}
			t.Run("a hundred at once, in order", func(t *testing.T) {
				var docs []doc
				for i := range 100 {
					docs = append(docs, doc{fmt.Sprintf("%d.pdf", i), fmt.Sprint(i), digestInfo(fmt.Sprint(i))})
				}
				q := w.batchRequest(docs...)
				q.inside = strings.Replace(q.inside, between(q.inside, "<a:Pin>", "</a:Pin>"), w.hide(realPIN), 1)
				process := r.begun(q)
				got := r.do(w.validateRequest(process, r.code()))
				for i, part := range strings.Split(got.raw, "<a:HashStructure>")[1:] {
					one := reply{raw: part}
					signature, _ := base64.StdEncoding.DecodeString(one.member("Hash"))
					if one.member("id") != fmt.Sprint(i) || one.member("Name") != fmt.Sprintf("%d.pdf", i) || rsa.VerifyPKCS1v15(key, crypto.SHA256, digestOf(fmt.Sprint(i)), signature) != nil {
						t.Fatalf("result %d: %s", i, part)
					}
				}
				if strings.Count(got.raw, "<a:HashStructure>") != 100 {
					t.Errorf("%.300s", got.raw)
				}
			})
			t.Run("the certificate for PIN and code", func(t *testing.T) {
				q := w.withPINRequest()
				q.inside = members("", "applicationId", app(appID), "userId", w.hide(phone), w.pinMember, w.hide(realPIN))
				process := r.begun(q)
				got := r.do(w.validateRequest(process, r.code()))
				if got.member("certificate") != between(r.do(w.certificateRequest(phone)).raw, "<GetCertificateResult>", "</GetCertificateResult>") || got.member("Signature") != "nil" {
					t.Errorf("answered %s", got.raw)
				}
			})
		})
	}
}

func TestReal_S8_9_wrong_PINs_in_any_form_count_alike(t *testing.T) {
	digits, words := func(w wire) string { return w.hide("000000") }, func(w wire) string { return w.hide("nothing") }
	block, text := func(wire) string { return b64(make([]byte, 256)) }, func(wire) string { return "%%%" }
	for name, wrong := range map[string][]func(wire) string{"digits last": {block, text, digits}, "digits first": {digits, words, block}} {
		t.Run(name, func(t *testing.T) {
			r := newReal(t)
			both := r.wires()
			for n, want := range []string{"801", "801", "902"} {
				if got := r.do(both[n%2].real("Pin", wrong[n](both[n%2]))); got.code() != want {
					t.Errorf("try %d: %s", n+1, got.raw)
				}
			}
			for _, w := range both {
				if got := r.do(w.real()); got.code() != "902" {
					t.Errorf("the right one after the block: %s", got.raw)
				}
			}
			if n := len(r.sent()); n != 0 {
				t.Errorf("%d codes were sent", n)
			}
		})
	}
}

func TestReal_S8_12_codes_polling_and_limits(t *testing.T) {
	r := newReal(t)
	older := r.wires()[1]
	t.Run("polling ends with what the code gave", func(t *testing.T) {
		process := r.begun(older.real())
		if got := r.do(pollRequest(process)); got.code() != "900" || got.member("Message") != "À espera de que a pessoa confirme." {
			t.Errorf("answered %s", got.raw)
		}
		got := r.do(older.validateRequest(process, r.code()))
		polled := r.do(pollRequest(process))
		if polled.code() != "200" || polled.member("Signature") != got.member("Signature") || got.member("Signature") == "nil" {
			t.Errorf("answered %s", polled.raw)
		}
		r.advance(61 * time.Second)
		if late := r.do(pollRequest(process)); late.code() != "900" || late.member("Signature") != "nil" {
			t.Errorf("a minute later: %s", late.raw)
		}
	})
	for _, w := range r.wires() {
		t.Run(w.name+" a new code voids the first", func(t *testing.T) {
			process := r.begun(w.real())
			first := r.code()
			r.advance(31 * time.Second)
			if got := r.do(w.forceRequest(process, "+351 929000000")); got.code() != "900" {
				t.Errorf("somebody else: %s", got.raw)
			}
			if got := r.do(w.forceRequest(process, phone)); got.code() != "200" || got.process() != process {
				t.Fatalf("answered %s", got.raw)
			}
			second := r.code()
			if first != second {
				if got := r.do(w.validateRequest(process, first)); got.code() != "802" {
					t.Errorf("the first: %s", got.raw)
				}
			}
			if got := r.do(w.validateRequest(process, second)); got.code() != "200" {
				t.Errorf("the second: %s", got.raw)
			}
		})
		t.Run(w.name+" three wrong codes, then 802 for the right one too", func(t *testing.T) {
			process := r.begun(w.real())
			right := r.code()
			for range 3 {
				if got := r.do(w.validateRequest(process, other(right))); got.code() != "802" {
					t.Errorf("answered %s", got.raw)
				}
			}
			if got := r.do(w.validateRequest(process, right)); got.code() != "802" || got.member("Signature") != "nil" {
				t.Errorf("answered %s", got.raw)
			}
		})
		t.Run(w.name+" five minutes", func(t *testing.T) {
			process := r.begun(w.real())
			right := r.code()
			r.advance(5 * time.Minute)
			if got := r.do(w.validateRequest(process, right)); got.code() != "802" {
				t.Errorf("answered %s", got.raw)
			}
		})
		t.Run(w.name+" §6.29 three may wait", func(t *testing.T) {
			for range 3 {
				r.begun(w.real())
			}
			if got := r.do(w.real()); got.code() != "900" || !strings.Contains(got.member("Message"), "à espera") {
				t.Errorf("answered %s", got.raw)
			}
			r.advance(6 * time.Minute)
			r.sent()
		})
		t.Run(w.name+" nobody's number: 817, and no code", func(t *testing.T) {
			if got := r.do(w.real("UserId", w.hide("+351 929000000"))); got.code() != "817" || len(r.sent()) != 0 {
				t.Errorf("answered %s", got.raw)
			}
		})
	}
}

func TestReal_a_keystore_that_is_gone_sends_no_code_and_signs_nothing(t *testing.T) {
	r := newReal(t)
	for _, w := range r.wires() {
		r.keys.gone = true
		for range 4 { // more often than a PIN may be wrong
			if got := r.do(w.real()); got.code() != "503" || len(r.sent()) != 0 {
				t.Fatalf("%s: %s", w.name, got.raw)
			}
		}
		r.keys.gone = false
		process := r.begun(w.real())
		right := r.code()
		r.keys.gone = true
		if got := r.do(w.validateRequest(process, right)); got.code() != "503" || got.member("Signature") != "nil" {
			t.Errorf("%s: %s", w.name, got.raw)
		}
		r.keys.gone = false
		if got := r.do(w.validateRequest(process, right)); got.code() != "900" || got.member("Signature") != "nil" {
			t.Errorf("%s: a spent permit signed: %s", w.name, got.raw)
		}
		process = r.begun(w.real())
		if got := r.do(w.validateRequest(process, r.code())); got.code() != "200" {
			t.Errorf("%s: it came back: %s", w.name, got.raw)
		}
	}
}

func other(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}
