package service

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"chave/internal/core/consent"
	"chave/internal/core/fault"
)

// Vault keys the digest of client secrets.
type Vault interface {
	MAC(label string, parts ...[]byte) []byte
}

// Problem is one thing wrong with a registration: where, and what to write instead.
type Problem struct {
	Path string
	Says string
}

func (p Problem) String() string { return p.Path + ": " + p.Says }

// Problems is every problem of a registration at once.
type Problems []Problem

func (p Problems) Error() string {
	var lines []string
	for _, one := range p {
		lines = append(lines, one.String())
	}
	return strings.Join(lines, "\n")
}

var (
	idForm     = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{2,63}$`)
	categories = []string{"tax", "social_security", "health", "hospital", "bank", "other"}
)

// New checks settings and fills the defaults. Every problem is reported at once.
func New(s Settings, vault Vault) (Service, error) { return NewAt(s, vault, time.Time{}) }

// NewAt is New at an instant: what has ended by then is a problem too.
func NewAt(s Settings, vault Vault, now time.Time) (Service, error) {
	var problems Problems
	bad := func(path, format string, args ...any) {
		problems = append(problems, Problem{path, fmt.Sprintf(format, args...)})
	}
	def(&s.AuthMethod, SecretBasic)
	def(&s.SubjectType, Pairwise)
	def(&s.IDTokenAlg, "ES256")
	def(&s.Reuse, ReuseByLevel)
	def(&s.Category, "other")
	def(&s.MinLevel, LevelPhone)
	if s.JWKSText != "" {
		s.JWKS = json.RawMessage(s.JWKSText)
	}

	if !idForm.MatchString(s.ID) {
		bad("id", "%q is not 3 to 64 of a-z, 0-9, - and _, beginning with a letter or digit", s.ID)
	}
	for _, lang := range []string{"pt", "en"} {
		if strings.TrimSpace(s.Name[lang]) == "" {
			bad("name."+lang, "is missing: people must be able to read who asks")
		}
	}
	oneOf(bad, "category", s.Category, categories...)
	oneOf(bad, "auth_method", s.AuthMethod, SecretBasic, SecretPost, PrivateKeyJWT, NoAuth)
	oneOf(bad, "subject_type", s.SubjectType, Pairwise, Public)
	oneOf(bad, "id_token_alg", s.IDTokenAlg, "ES256", "RS256")
	oneOf(bad, "reuse", s.Reuse, ReuseByLevel, ReuseByAttributes)
	if s.MinLevel < LevelPassword || s.MinLevel > LevelCard {
		bad("min_level", "%d is not 1 to 4", s.MinLevel)
	}
	if len(s.RedirectURIs) == 0 && (s.SCMD == nil || s.CSC != nil) {
		bad("redirect_uris", "name at least one address that answers may go to")
	}
	checkURIs(bad, "redirect_uris", s.RedirectURIs, false)
	checkURIs(bad, "post_logout_redirect_uris", s.PostLogoutRedirectURIs, false)
	checkURIs(bad, "origins", s.Origins, true)
	if s.BackchannelLogoutURI != "" {
		checkURIs(bad, "backchannel_logout_uri", []string{s.BackchannelLogoutURI}, false)
	}
	checkAuth(bad, s)
	checkAttributes(bad, s.Attributes)
	checkSAML(bad, &s, now)
	checkOAuth(bad, &s)
	checkSigning(bad, &s)
	checkCompat(bad, s)
	if s.SubjectType == Pairwise && s.Sector == "" && len(s.RedirectURIs) > 0 {
		s.Sector = sectorOf(s.ID, s.RedirectURIs[0])
		for _, u := range s.RedirectURIs[1:] {
			if sectorOf(s.ID, u) != s.Sector {
				bad("sector", "the redirect_uris lie on several hosts: say which sector they share (OIDC Core §8.1)")
				break
			}
		}
	}
	if len(problems) > 0 {
		return Service{}, fault.New(fault.ServiceInvalid).Because(problems)
	}
	made := Service{Settings: s}
	if s.Secret != "" {
		made.SecretMAC = vault.MAC(secretLabel, []byte(s.ID), []byte(s.Secret))
	}
	if s.SCMD != nil {
		made.SCMDMAC = vault.MAC(scmdLabel, []byte(s.ID), []byte(s.SCMD.Password))
		s.SCMD.Password, s.SCMD.PasswordFile = "", ""
	}
	made.Secret, made.SecretFile, made.JWKSText = "", "", ""
	return made, nil
}

type report func(path, format string, args ...any)

func checkAuth(bad report, s Settings) {
	withSecret := s.AuthMethod == SecretBasic || s.AuthMethod == SecretPost
	if withSecret && len(s.Secret) < 32 {
		bad("secret", "%s needs a secret of at least 32 characters, in secret or secret_file", s.AuthMethod)
	}
	if !withSecret && s.Secret != "" {
		bad("secret", "%s uses no secret", s.AuthMethod)
	}
	if s.AuthMethod == PrivateKeyJWT && !json.Valid(s.JWKS) {
		bad("jwks", "private_key_jwt needs the service's public keys as a JSON Web Key Set")
	}
	if s.AuthMethod == NoAuth && s.PKCEOptional {
		bad("pkce_optional", "a public client must use PKCE (RFC 9700 §2.1.1)")
	}
}

func checkAttributes(bad report, asks []Ask) {
	seen := map[consent.Name]bool{}
	for i, a := range asks {
		path := fmt.Sprintf("attributes[%d].name", i)
		if _, ok := consent.Lookup(a.Name); !ok {
			bad(path, "%q is not in the catalogue", a.Name)
		}
		if seen[a.Name] {
			bad(path, "%q is listed twice", a.Name)
		}
		seen[a.Name] = true
	}
}

// checkURIs refuses what RFC 9700 §4.1 and RFC 8252 §7 rule out: fragments, wildcards, plain http away from loopback.
func checkURIs(bad report, path string, uris []string, originOnly bool) {
	for i, text := range uris {
		at := fmt.Sprintf("%s[%d]", path, i)
		u, err := url.Parse(text)
		switch {
		case err != nil || !u.IsAbs():
			bad(at, "%q is not an absolute address", text)
		case u.Fragment != "" || strings.Contains(text, "#"):
			bad(at, "%q has a fragment (RFC 6749 §3.1.2)", text)
		case strings.Contains(text, "*"):
			bad(at, "%q has a wildcard: addresses are compared exactly (RFC 9700 §2.1)", text)
		case u.User != nil:
			bad(at, "%q holds a user name", text)
		case u.Scheme == "http" && !Loopback(u.Hostname()):
			bad(at, "%q is plain http away from this machine", text)
		case (u.Scheme == "https" || u.Scheme == "http") && u.Host == "":
			bad(at, "%q names no host", text)
		case u.Scheme == "javascript" || u.Scheme == "data" || u.Scheme == "file":
			bad(at, "%q is not a place an answer can go to", text)
		case originOnly && text != u.Scheme+"://"+u.Host:
			bad(at, "%q is not an origin: scheme, host and port only", text)
		}
	}
}

// Loopback tells whether a host name means this machine.
func Loopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Zone() == "" && ip.IsLoopback()
}

// sectorOf is the host of an address (OIDC Core §8.1). An address on people's own machines has none that would tell whose it is: the service is then a sector
// by itself, or programs that have nothing to do with each other would know people by the same subject.
func sectorOf(id, text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	if u.Host == "" || Loopback(u.Hostname()) {
		return "service:" + id
	}
	return u.Host
}

func def[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

func oneOf[T ~string](bad report, path string, v T, allowed ...T) {
	for _, a := range allowed {
		if v == a {
			return
		}
	}
	bad(path, "%q is not one of %v", v, allowed)
}
