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

func TestRegistration_shown_is_accepted_and_no_key_is_left_out(t *testing.T) {
	const name = "docs/openid-connect.md"
	text := block(t, name)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "library.secret"), []byte(strings.Repeat("s", 40)), 0o600); err != nil {
		t.Fatal(err)
	}
	read, err := app.ReadService(filepath.Join(dir, "library.yaml"), []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	made, err := service.New(read, anyVault{})
	if err != nil {
		t.Fatalf("the registration shown is refused: %v", err)
	}
	if groups := made.Forgets(); len(groups) > 0 {
		t.Errorf("the registration shown shuts out %v", groups)
	}
	all := map[string]bool{}
	keys(reflect.TypeFor[service.Settings](), all)
	for key := range all {
		if key != "secret" && !strings.Contains(documents(t)[name], key) { // a secret in the file is for tests and the demo
			t.Errorf("%s does not mention %q", name, key)
		}
	}
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
