package docs

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"chave/internal/app"
	"chave/internal/core/credential"
	"chave/internal/core/service"
	"chave/test/drive"

	"go.yaml.in/yaml/v3"
)

var yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")

func block(t *testing.T, name string) string {
	t.Helper()
	m := yamlBlock.FindStringSubmatch(documents(t)[name])
	if m == nil {
		t.Fatalf("%s shows no YAML", name)
	}
	return m[1]
}

// keys lists every yaml key of a struct and of the structs inside it.
func keys(of reflect.Type, into map[string]bool) {
	for of.Kind() == reflect.Pointer || of.Kind() == reflect.Slice {
		of = of.Elem()
	}
	if of.Kind() != reflect.Struct || of.PkgPath() == "time" {
		return
	}
	for i := range of.NumField() {
		name, _, _ := strings.Cut(of.Field(i).Tag.Get("yaml"), ",")
		if name != "" && name != "-" {
			into[name] = true
			keys(of.Field(i).Type, into)
		}
	}
}

func TestSettings_shown_are_complete_and_say_the_defaults(t *testing.T) {
	text := block(t, "docs/operating.md")
	dec := yaml.NewDecoder(strings.NewReader(text))
	dec.KnownFields(true)
	var s app.Settings
	if err := dec.Decode(&s); err != nil {
		t.Fatalf("the settings shown are not read: %v", err)
	}
	all := map[string]bool{}
	keys(reflect.TypeFor[app.Settings](), all)
	for key := range all {
		if !regexp.MustCompile(`\b` + key + `:`).MatchString(text) {
			t.Errorf("docs/operating.md does not show the setting %q", key)
		}
	}
	d, p := credential.Policy{}.Defaults(), s.Policy
	for name, pair := range map[string][2]any{
		"grace_days_national": {p.GraceDaysNational, d.GraceNational}, "grace_days_foreign": {p.GraceDaysForeign, d.GraceForeign},
		"idle_revoke_months": {p.IdleRevokeMonths, d.IdleMonths}, "pin_min": {p.PINMin, d.PINMin}, "pin_max": {p.PINMax, d.PINMax},
		"pin_tries": {p.PINTries, d.PINTries}, "lock_ladder": {p.LockLadder, d.LockLadder}, "otp_ttl": {p.CodeTTL, d.CodeTTL},
		"otp_tries": {p.CodeTries, d.CodeTries}, "temp_pin_ttl": {p.TemporaryPINTTL, d.TemporaryPINTTL},
		"codes_per_person": {p.CodesPerPerson, d.CodesPerPerson}, "codes_per_address": {p.CodesPerAddress, d.CodesPerAddress},
		"argon2_time": {p.Argon2Time, d.Argon2Time}, "argon2_memory_kib": {p.Argon2MemoryKiB, d.Argon2MemKB},
		"history_days": {p.HistoryDays, 90}, "sign_in_ttl": {p.TransactionTTL, 15 * time.Minute},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("docs/operating.md says %s is %v by default; it is %v", name, pair[0], pair[1])
		}
	}
}

type anyVault struct{}

func (anyVault) MAC(string, ...[]byte) []byte { return []byte{1} }

// Registrations are shown in three documents: what every service has, and what the wires of SAML and of the Portuguese scheme add.
func TestRegistration_shown_is_accepted_and_no_key_is_left_out(t *testing.T) {
	names := []string{"docs/openid-connect.md", "docs/saml.md", "docs/compat.md"}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "library.secret"), []byte(strings.Repeat("s", 40)), 0o600); err != nil {
		t.Fatal(err)
	}
	certificate := madeUpCertificate(t)
	mentioned := ""
	for _, name := range names {
		text := block(t, name)
		text = certificateShown.ReplaceAllStringFunc(text, func(shown string) string { return indented(certificate, shown) })
		text = metadataShown.ReplaceAllStringFunc(text, func(shown string) string { return indented(metadata(certificate), shown) })
		read, err := app.ReadService(filepath.Join(dir, "library.yaml"), []byte(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		made, err := service.New(read, anyVault{})
		if err != nil {
			t.Fatalf("%s: the registration shown is refused: %v", name, err)
		}
		if groups := made.Forgets(); len(groups) > 0 {
			t.Errorf("%s: the registration shown shuts out %v", name, groups)
		}
		mentioned += documents(t)[name]
	}
	all := map[string]bool{}
	keys(reflect.TypeFor[service.Settings](), all)
	for key := range all {
		if key != "secret" && !regexp.MustCompile(`\b`+key+`\b`).MatchString(mentioned) { // a secret in the file is for tests and the demo
			t.Errorf("%v do not mention %q", names, key)
		}
	}
	for _, name := range service.Switches() {
		if !strings.Contains(mentioned, string(name)) {
			t.Errorf("%v do not mention the switch %q", names, name)
		}
	}
}

// What documents leave out: nobody reads base64.
var (
	certificateShown = regexp.MustCompile(`(?m)^ *-----BEGIN CERTIFICATE-----\n *…\n *-----END CERTIFICATE-----$`)
	metadataShown    = regexp.MustCompile(`(?m)^ *<EntityDescriptor …>…</EntityDescriptor>$`)
)

// indented puts a text where another one stood, as far in as that was.
func indented(text, stood string) string {
	margin := stood[:len(stood)-len(strings.TrimLeft(stood, " "))]
	return margin + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+margin)
}

func madeUpCertificate(t *testing.T) string {
	t.Helper()
	_, text, err := drive.NewSAMLKey("library.example", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// metadata is the smallest that a service could have.
func metadata(certificate string) string {
	body := strings.NewReplacer("-----BEGIN CERTIFICATE-----", "", "-----END CERTIFICATE-----", "", "\n", "").Replace(certificate)
	return `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://library.example/saml">
<SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>` + body + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
<AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://library.example/saml/acs" index="0"/>
</SPSSODescriptor>
</EntityDescriptor>`
}

var tableForm = regexp.MustCompile(`CREATE TABLE IF NOT EXISTS (\w+)`)

func TestTrust_speaks_of_every_table(t *testing.T) {
	trust := documents(t)["docs/trust.md"]
	names, err := filepath.Glob(filepath.Join(top, "internal/outside/store/schema/*.sql"))
	if err != nil || len(names) < 5 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range tableForm.FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(trust, "`"+m[1]+"`") {
				t.Errorf("docs/trust.md does not say what a thief of the table %s gains", m[1])
			}
		}
	}
}
