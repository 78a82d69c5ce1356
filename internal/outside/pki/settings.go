package pki

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"chave/internal/outside/pki/lint"
)

// Settings are an operator's choices. Zero values are filled by New; Address has none.
type Settings struct {
	// Address is where status, lists and certificates are served, scheme and host without a slash at the end. It stands in every certificate and lives as long as the last
	// of them. Plain http is right here: what is served is signed, and who checks a certificate must not need another one for it.
	Address string
	// Arc is the object identifier under which the operator's policies lie; 2.999.27, which is for documentation, unless said otherwise.
	Arc string
	// Country (PT), Organization (Chave) and Units stand in names. Units are a person's OUs.
	Country, Organization string
	Units                 []string
	// Label is what a certificate that is not qualified carries in its name and its policy; "test - not qualified".
	Label string
	// Qualified is set by an operator whose module and organisation are certified, and by nobody else (T8).
	Qualified *Qualified

	// How keys are made, as the keystore calls it: RSA-4096 for RootAlg and IssuingAlg, ES256 for OCSPAlg, RS256 for TSAAlg. The root's is made here, not in the keystore.
	// Timestamps are read by clients of any age, so their key is RSA; answers are signed one by one for every nonce, so theirs is fast.
	RootAlg, IssuingAlg, OCSPAlg, TSAAlg string
}

// Qualified is what only a qualified trust service may claim.
type Qualified struct {
	Policies     []string          // beside the operator's own, such as ETSI's QCP-n-qscd, 0.4.0.194112.1.2
	Disclosure   map[string]string // language, such as "en", → address of the disclosure statement (https)
	KeysInModule bool              // QcSSCD: each person's key lives in a certified module
}

// Kinds of certificate live this long. A person's certificate never outlives MaxPersonLife; its end is core's decision.
const (
	rootLife      = 24 * 365 * day
	issuingLife   = 12 * 365 * day
	ocspLife      = 365 * day
	tsaLife       = 10 * 365 * day
	MaxPersonLife = 10*366*day + day // cmd-signature.md §5.2
	day           = 24 * time.Hour
)

// defaults fills what was left out.
func (s Settings) defaults() Settings {
	set := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	set(&s.Arc, "2.999.27")
	set(&s.Country, "PT")
	set(&s.Organization, "Chave")
	set(&s.RootAlg, "RSA-4096")
	set(&s.IssuingAlg, "RSA-4096")
	set(&s.OCSPAlg, "ES256")
	set(&s.TSAAlg, "RS256")
	if s.Qualified == nil {
		set(&s.Label, "test - not qualified")
	}
	if s.Units == nil {
		s.Units = []string{"Chave Móvel Digital de Assinatura do Cidadão", "Cidadão"}
	}
	s.Address = strings.TrimSuffix(s.Address, "/")
	return s
}

// Profiles are settings that were checked. Only [Settings.Check] makes them, so code past it sees no unchecked ones.
type Profiles struct {
	settings Settings
	arc      asn1.ObjectIdentifier
	extra    []asn1.ObjectIdentifier // of a qualified service
}

// Check refuses settings from which no right certificate can come, and tells everything that is wrong at once.
func (s Settings) Check() (*Profiles, error) {
	s = s.defaults()
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if u, err := url.Parse(s.Address); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.Path != "" || u.RawQuery != "" {
		bad("address: %q is no scheme and host", s.Address)
	}
	p := &Profiles{settings: s}
	var err error
	if p.arc, err = objectIdentifier(s.Arc); err != nil {
		bad("arc: %w", err)
	}
	for _, arc := range lint.NotOurs() {
		if strings.HasPrefix(s.Arc+".", arc) {
			bad("arc: %s is somebody else's", s.Arc)
		}
	}
	if len(s.Country) != 2 || strings.ToUpper(s.Country) != s.Country {
		bad("country: %q is not a code of two capital letters", s.Country)
	}
	if s.Organization == "" || len(s.Organization) > 64 {
		bad("organization: 1 to 64 characters")
	}
	for _, alg := range []string{s.RootAlg, s.IssuingAlg} {
		if !slices.Contains([]string{"RSA-4096", "RS256", "ES256", "P-384"}, alg) {
			bad("key of an authority: %q is none of RSA-4096, RS256, ES256, P-384", alg)
		}
	}
	for _, alg := range []string{s.OCSPAlg, s.TSAAlg} {
		if !slices.Contains([]string{"RS256", "ES256"}, alg) {
			bad("key of a responder: %q is neither RS256 nor ES256", alg)
		}
	}
	if q := s.Qualified; q != nil {
		if s.Label != "" {
			bad("label: a qualified certificate carries none")
		}
		if q.Disclosure["en"] == "" {
			bad("qualified: a disclosure statement in English is required (EN 319 412-5 §4.3.4)")
		}
		for lang, address := range q.Disclosure {
			if u, err := url.Parse(address); err != nil || u.Scheme != "https" || len(lang) != 2 {
				bad("qualified: disclosure statement %q: %q is not https", lang, address)
			}
		}
		for _, text := range q.Policies {
			id, err := objectIdentifier(text)
			if err != nil {
				bad("qualified: policy: %w", err)
			}
			p.extra = append(p.extra, id)
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	return p, nil
}

func objectIdentifier(text string) (asn1.ObjectIdentifier, error) {
	var id asn1.ObjectIdentifier
	for part := range strings.SplitSeq(text, ".") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("%q is no object identifier", text)
		}
		id = append(id, n)
	}
	if _, err := asn1.Marshal(id); err != nil || len(id) < 2 {
		return nil, fmt.Errorf("%q is no object identifier", text)
	}
	return id, nil
}
