package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/core/credential"
	"chave/internal/core/service"

	"go.yaml.in/yaml/v3"
)

// Settings is the file given to `chave serve --config`. The comments are the manual. Secrets are given by path, never inline. Unknown
// keys are errors; durations are written like 90s, 15m, 12h.
type Settings struct {
	// Issuer is the address people and services know, such as https://chave.example: https, no path. It never changes once services use it.
	Issuer string `yaml:"issuer"`
	// Listen is the address to serve, such as :8443 or 127.0.0.1:8080.
	Listen string `yaml:"listen"`
	// TLS names certificate and key in PEM. Leave empty behind a proxy that ends TLS on this machine.
	TLS struct {
		Certificate string `yaml:"certificate"`
		Key         string `yaml:"key"`
	} `yaml:"tls"`
	// TrustedProxies are addresses or networks whose X-Forwarded-For is believed. Empty: nobody's.
	TrustedProxies []string `yaml:"trusted_proxies"`
	// Database: driver sqlite (default) or postgres; path of the SQLite file; dsn_file holds the PostgreSQL connection URL.
	Database struct {
		Driver  string `yaml:"driver"`
		Path    string `yaml:"path"`
		DSNFile string `yaml:"dsn_file"`
	} `yaml:"database"`
	// Keystore: root_key_file is made once by `chave keystore init FILE`. Who loses it loses every PIN and every sealed value.
	Keystore struct {
		PKCS11 struct { // instead of a root key file: a hardware module, with a binary built with the tag pkcs11
			Module   string `yaml:"module"`   // path of the maker's library
			Token    string `yaml:"token"`    // its label
			PINFile  string `yaml:"pin_file"` // one line, readable by its owner only
			Sessions int    `yaml:"sessions"` // 8
		} `yaml:"pkcs11"`
		RootKeyFile  string   `yaml:"root_key_file"`
		EarlierRoots []string `yaml:"earlier_root_key_files"` // still readable after a rotation
	} `yaml:"keystore"`
	// SMS is the gateway, by HTTP.
	SMS GatewaySettings `yaml:"sms"`
	// Email is the SMTP server.
	Email MailSettings `yaml:"email"`
	// Registry is the civil registry's address and the file with its bearer secret. Empty: nobody can be registered at a counter.
	Registry struct {
		URL        string        `yaml:"url"`
		SecretFile string        `yaml:"secret_file"`
		CAFile     string        `yaml:"ca_file"` // authorities to trust instead of the system's
		Timeout    time.Duration `yaml:"timeout"` // 5s
	} `yaml:"registry"`
	// AttributeSources are the bodies that hold what Chave does not, by source: address, card, social_security, health, transport, powers.
	AttributeSources map[consent.Source]SourceSettings `yaml:"attribute_sources"`
	// SAML and FA are the two SAML wires' own names and keys.
	SAML struct {
		EntityID string        `yaml:"entity_id"`    // issuer + /saml/metadata unless said otherwise; it never changes once services use it
		Alg      string        `yaml:"alg"`          // RS256 (default) or ES256
		KeyEvery time.Duration `yaml:"key_rotation"` // 8760h; services that do not read metadata must be told
	} `yaml:"saml"`
	FA struct {
		EntityID string        `yaml:"entity_id"`    // issuer unless said otherwise; CMD's historic name in closed tests only
		Aliases  []string      `yaml:"aliases"`      // destinations that requests may name beside our own
		Window   time.Duration `yaml:"window"`       // 5m: how far a request's clock may differ
		KeyEvery time.Duration `yaml:"key_rotation"` // 17520h; services hold the certificate by hand
	} `yaml:"fa"`
	// Signing says how people's certificates look and where their status is asked for. Authorities are made by `chave ca init`.
	Signing struct {
		Address        string        `yaml:"status_address"`   // where /pki/ is reached, over plain http too; the issuer unless said otherwise. It stands in every certificate
		PolicyArc      string        `yaml:"policy_arc"`       // object identifier of your policies; one for documentation unless said otherwise
		Country        string        `yaml:"country"`          // in names; PT
		Organization   string        `yaml:"organization"`     // in names; Chave
		Label          string        `yaml:"label"`            // test - not qualified
		AuthorityAlg   string        `yaml:"authority_alg"`    // RSA-4096, RS256, ES256 or P-384
		CertificateMax time.Duration `yaml:"certificate_max"`  // longest life of a person's certificate; 17520h, and never past the key's
		MinAge         int           `yaml:"min_age_sign"`     // 16 (R4.01)
		BatchTrust     time.Duration `yaml:"batch_trust"`      // how long an application that logged in to SCMD may send batches without a login, as the official program does; off
		CodesPerPerson int           `yaml:"codes_per_person"` // for signatures, in ten minutes; as many as for sign-ins unless said otherwise
	} `yaml:"signing"`
	// Services is a folder of registrations, one YAML file each, read at every start; they replace those of the same id.
	Services string `yaml:"services"`
	// Policy is the operator's choice of the rules' numbers. What is left out keeps the default.
	Policy PolicySettings `yaml:"policy"`
	// Tokens are lifetimes of what services get.
	Tokens TokenSettings `yaml:"tokens"`
	// LogLevel is debug, info, warn or error; info unless said otherwise.
	LogLevel string `yaml:"log_level"`
	// MetricsFrom are addresses or networks that may read /metrics; this machine unless said otherwise.
	MetricsFrom []string `yaml:"metrics_from"`
	// RequestsPerAddress is how many requests a second one network address may make on average; 50 unless said otherwise.
	RequestsPerAddress int `yaml:"requests_per_address"`
}

// GatewaySettings is a templated HTTP gateway for SMS. Templates know {{.To}}, {{.ToDigits}}, {{.Text}}, {{.ID}} and {{.Secret.name}}; values are
// escaped for where they stand, so a JSON body writes its own quotes: {"to": "{{.To}}", "text": "{{.Text}}"}.
type GatewaySettings struct {
	URL         string            `yaml:"url"`
	Method      string            `yaml:"method"` // POST
	Headers     map[string]string `yaml:"headers"`
	ContentType string            `yaml:"content_type"` // application/json
	Body        string            `yaml:"body"`
	SecretFiles map[string]string `yaml:"secret_files"` // name → path
	Timeout     time.Duration     `yaml:"timeout"`      // 10s
}

// SourceSettings is one source of attributes, asked over HTTP (docs/operating.md).
type SourceSettings struct {
	URL        string   `yaml:"url"`
	SecretFile string   `yaml:"secret_file"`
	CAFile     string   `yaml:"ca_file"` // authorities to trust instead of the system's
	Sends      []string `yaml:"sends"`   // the identifiers it is told: nic, nif, niss, nsns, and birth_date
}

// MailSettings is an SMTP server.
type MailSettings struct {
	Host         string        `yaml:"host"`
	Port         int           `yaml:"port"`
	From         string        `yaml:"from"` // Chave <key@example.org>
	User         string        `yaml:"user"`
	PasswordFile string        `yaml:"password_file"`
	TLS          string        `yaml:"tls"` // starttls (default), implicit, or none, which only loopback may use
	CAFile       string        `yaml:"ca_file"`
	Timeout      time.Duration `yaml:"timeout"` // 8s
}

// PolicySettings are Annex A's numbers. Zero keeps the default.
type PolicySettings struct {
	MinAge               *int            `yaml:"min_age_auth"`
	GraceDaysNational    int             `yaml:"grace_days_national"`
	GraceDaysForeign     int             `yaml:"grace_days_foreign"`
	IdleRevokeMonths     int             `yaml:"idle_revoke_months"`
	PINMin               int             `yaml:"pin_min"`
	PINMax               int             `yaml:"pin_max"`
	PINTries             int             `yaml:"pin_tries"`
	LockLadder           []time.Duration `yaml:"lock_ladder"`
	CodeTTL              time.Duration   `yaml:"otp_ttl"`
	CodeTries            int             `yaml:"otp_tries"`
	TemporaryPINTTL      time.Duration   `yaml:"temp_pin_ttl"`
	CodesPerPerson       int             `yaml:"codes_per_person"`
	CodesPerAddress      int             `yaml:"codes_per_address"` // and five times as many PINs
	HistoryDays          int             `yaml:"history_days"`
	TransactionTTL       time.Duration   `yaml:"sign_in_ttl"`
	SessionMax           time.Duration   `yaml:"session_max"`
	SessionIdle          time.Duration   `yaml:"session_idle"`
	Argon2Time           uint32          `yaml:"argon2_time"`
	Argon2MemoryKiB      uint32          `yaml:"argon2_memory_kib"`
	DocumentValidThrough []OverrideEntry `yaml:"document_validity_overrides"`
}

// OverrideEntry is one decree that extends documents (R1.35); dates are YYYY-MM-DD.
type OverrideEntry struct {
	Type         citizen.DocumentType `yaml:"type"`
	From         citizen.Date         `yaml:"expired_from"`
	To           citizen.Date         `yaml:"expired_to"`
	ValidThrough citizen.Date         `yaml:"valid_through"`
}

// TokenSettings are lifetimes.
type TokenSettings struct {
	Access      time.Duration `yaml:"access"`       // 5m
	RefreshIdle time.Duration `yaml:"refresh_idle"` // 168h
	RefreshMax  time.Duration `yaml:"refresh_max"`  // 720h
	KeyEvery    time.Duration `yaml:"key_rotation"` // 2160h
}

// ReadSettings reads a file strictly and reports every problem at once.
func ReadSettings(path string) (Settings, error) {
	var s Settings
	data, err := os.ReadFile(path)
	if err != nil {
		return s, fmt.Errorf("read settings: %w", err)
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&s); err != nil && !errors.Is(err, io.EOF) {
		return s, fmt.Errorf("%s: %w", path, err)
	}
	return s, s.Check()
}

// Check reports everything that keeps the settings from working, each with what to write.
func (s *Settings) Check() error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if s.Database.Driver == "" {
		s.Database.Driver = "sqlite"
	}
	u, err := url.Parse(s.Issuer)
	switch {
	case s.Issuer == "" || err != nil || u.Host == "":
		bad("issuer: write the address people use, such as https://chave.example")
	case u.Path != "" || u.RawQuery != "" || u.Fragment != "":
		bad("issuer: %q must be scheme and host only, without a path or a slash at the end", s.Issuer)
	case u.Scheme != "https" && !(u.Scheme == "http" && service.Loopback(u.Hostname())):
		bad("issuer: %q must be https; plain http is for loopback only", s.Issuer)
	}
	if s.Listen == "" {
		bad("listen: write the address to serve, such as :8443")
	}
	if (s.TLS.Certificate == "") != (s.TLS.Key == "") {
		bad("tls: certificate and key go together")
	}
	switch s.Database.Driver {
	case "sqlite":
		if s.Database.Path == "" {
			bad("database.path: name the SQLite file")
		}
	case "postgres":
		if s.Database.DSNFile == "" {
			bad("database.dsn_file: name the file that holds the PostgreSQL connection URL")
		}
	default:
		bad("database.driver: %q is neither sqlite nor postgres", s.Database.Driver)
	}
	hardware := s.Keystore.PKCS11
	switch {
	case hardware.Module != "" && s.Keystore.RootKeyFile != "":
		bad("keystore: root_key_file and pkcs11 exclude each other")
	case hardware.Module != "" && (hardware.Token == "" || hardware.PINFile == ""):
		bad("keystore.pkcs11: name module, token and pin_file")
	}
	if s.Keystore.RootKeyFile == "" && hardware.Module == "" {
		bad("keystore.root_key_file: make one with `chave keystore init FILE` and name it here")
	}
	for _, f := range []struct{ name, path string }{
		{"tls.certificate", s.TLS.Certificate}, {"tls.key", s.TLS.Key}, {"database.dsn_file", s.Database.DSNFile},
		{"keystore.root_key_file", s.Keystore.RootKeyFile}, {"keystore.pkcs11.module", hardware.Module}, {"keystore.pkcs11.pin_file", hardware.PINFile},
		{"email.password_file", s.Email.PasswordFile}, {"registry.secret_file", s.Registry.SecretFile}, {"services", s.Services},
	} {
		if f.path == "" {
			continue
		}
		if _, err := os.Stat(f.path); err != nil {
			bad("%s: %v", f.name, err)
		}
	}
	if s.SMS.URL == "" && s.Email.Host == "" {
		bad("sms.url, email.host: with neither, no code can reach anybody")
	}
	if s.Email.Host != "" && s.Email.From == "" {
		bad("email.from: write the sender's address")
	}
	for _, list := range [][]string{s.TrustedProxies, s.MetricsFrom} {
		if _, err := networks(list); err != nil {
			bad("%v", err)
		}
	}
	s.checkWires(bad)
	switch strings.ToLower(s.LogLevel) {
	case "", "debug", "info", "warn", "error":
	default:
		bad("log_level: %q is none of debug, info, warn, error", s.LogLevel)
	}
	p := s.policy(time.UTC)
	if p.PINMin < 4 || p.PINMax > 8 || p.PINMin > p.PINMax {
		bad("policy.pin_min, pin_max: PINs have 4 to 8 digits (R3.06)")
	}
	s.Policy.checkLimits(p, bad)
	return errors.Join(problems...)
}

func (s *Settings) policy(zone *time.Location) credential.Policy {
	c := s.Policy
	p := credential.Policy{
		PINMin: c.PINMin, PINMax: c.PINMax, PINTries: c.PINTries, LockLadder: c.LockLadder, CodeTTL: c.CodeTTL, CodeTries: c.CodeTries,
		CodesPerPerson: c.CodesPerPerson, CodesPerAddress: c.CodesPerAddress, TemporaryPINTTL: c.TemporaryPINTTL,
		GraceNational: c.GraceDaysNational, GraceForeign: c.GraceDaysForeign, IdleMonths: c.IdleRevokeMonths,
		Argon2Time: c.Argon2Time, Argon2MemKB: c.Argon2MemoryKiB, Zone: zone,
	}
	for _, o := range c.DocumentValidThrough {
		p.DocumentValidOverrides = append(p.DocumentValidOverrides, credential.ValidOverride{Type: o.Type, From: o.From, To: o.To, ValidThrough: o.ValidThrough})
	}
	return p.Defaults()
}

// networks reads addresses and networks; a single address is a network of one.
func networks(list []string) ([]*net.IPNet, error) {
	var all []*net.IPNet
	for _, text := range list {
		if !strings.Contains(text, "/") {
			if ip := net.ParseIP(text); ip != nil {
				bits := 8 * len(ip)
				all = append(all, &net.IPNet{IP: ip, Mask: net.CIDRMask(bits, bits)})
				continue
			}
		}
		_, n, err := net.ParseCIDR(text)
		if err != nil {
			return nil, fmt.Errorf("%q is neither an address nor a network", text)
		}
		all = append(all, n)
	}
	return all, nil
}
