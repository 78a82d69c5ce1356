package arrows

import "strings"

// module is the path all of our own packages begin with.
const module = "chave/"

// room is one part of the tree and what its packages may import directly. Paths are import paths without the module; a path that ends in
// "/" stands for everything below it.
type room struct {
	at      string
	own     []string // rooms of ours it may import; its own package's subfolders are always allowed
	outside []string // libraries it may import; nil means any
	not     []string // standard packages it must not import
	alone   bool     // the packages directly below never import each other
	except  []string // packages below that the others may import although they are alone
}

// plumbing is what the core must not know: a rule that needs one of these is in the wrong room.
var plumbing = []string{
	"net", "net/http", "net/http/httptest", "net/rpc", "net/smtp", "net/textproto", "database/sql", "database/sql/driver",
	"html/template", "text/template", "os", "os/exec", "os/signal", "embed", "log", "flag", "testing",
}

// none says that a room takes nothing from outside the standard library.
var none = []string{}

// rooms lists the arrows. The order matters only to readers: inside out. A package belongs to the longest room that matches.
func rooms() []room {
	return []room{
		{
			at: "internal/format/", own: none, not: append([]string{"crypto/rand", "math/rand", "math/rand/v2"}, plumbing...),
			// etree is pure: bytes in, a tree out. SAML's messages and their encryption stand on the one strict reader.
			// cryptobyte and ocsp read and write DER, no more. A time-stamp token is a CMS structure; ades puts those two and PDF together into the levels of AdES.
			outside: []string{"golang.org/x/text/", "github.com/beevik/etree", "golang.org/x/crypto/cryptobyte/", "golang.org/x/crypto/ocsp"},
			alone:   true, except: []string{"internal/format/xmldsig", "internal/format/cms", "internal/format/tsp", "internal/format/pdf"},
		},
		{
			at: "internal/core/", own: []string{"internal/core/", "internal/format/"}, not: plumbing,
			// Pure libraries only: none of them opens a file, a socket or a database for us.
			outside: []string{
				"golang.org/x/crypto/argon2", "golang.org/x/text/", "golang.org/x/mod/sumdb/", "github.com/nyaruka/phonenumbers",
			},
		},
		{at: "internal/text/", own: []string{"internal/core/"}, not: []string{"net/http", "database/sql"}},
		{at: "internal/cookie/", own: []string{"internal/core/"}, outside: none, not: []string{"database/sql"}},
		{at: "internal/oauth/", own: []string{"internal/core/"}, outside: none, not: []string{"database/sql"}},
		{
			at: "internal/wire/", own: []string{"internal/core/", "internal/format/", "internal/cookie/", "internal/oauth/", "internal/text/", "internal/page/ui/"},
			not: []string{"database/sql", "os"}, alone: true,
		},
		{
			at: "internal/page/", own: []string{"internal/core/", "internal/format/", "internal/cookie/", "internal/text/"}, outside: none,
			not: []string{"database/sql"}, alone: true, except: []string{"internal/page/ui", "internal/page/door"},
		},
		{at: "internal/page/ui/", own: []string{"internal/core/", "internal/text/", "internal/cookie/"}, not: []string{"database/sql"}},
		{
			at: "internal/outside/", own: []string{"internal/core/", "internal/format/", "internal/text/"},
			not: []string{"html/template"}, alone: true,
		},
		{at: "internal/app/", own: []string{"internal/", "demo/people"}},
		{at: "demo/", own: []string{"demo/"}},
		{at: "client/", own: none},
		{at: "cmd/", own: []string{"internal/", "demo/", "client/"}},
		{at: "test/", own: []string{"internal/", "demo/", "client/", "cmd/", "test/"}},
	}
}

// roomOf finds the room of one of our packages, given without the module.
func roomOf(pkg string) (room, bool) {
	var best room
	for _, r := range rooms() {
		if under(pkg, r.at) && len(r.at) > len(best.at) {
			best = r
		}
	}
	return best, best.at != ""
}

// under tells whether a path is what a rule names, or lies below it when the rule ends in "/".
func under(path, rule string) bool {
	return path == strings.TrimSuffix(rule, "/") || strings.HasSuffix(rule, "/") && strings.HasPrefix(path, rule)
}

func anyUnder(path string, list []string) bool {
	for _, rule := range list {
		if under(path, rule) {
			return true
		}
	}
	return false
}

// complaint says what is wrong with one direct import of a product package, or nothing. Both are full import paths.
func complaint(from, to string, standard bool) string {
	pkg := strings.TrimPrefix(from, module)
	r, ok := roomOf(pkg)
	switch {
	case !ok:
		return "lies in no known room: add it to rooms() and to docs/architecture.md"
	case standard:
		if anyUnder(to, r.not) {
			return "must not know " + to
		}
	case !strings.HasPrefix(to, module):
		if r.outside != nil && !anyUnder(to, r.outside) {
			return "may not use the library " + to
		}
	default:
		return ownComplaint(r, pkg, strings.TrimPrefix(to, module))
	}
	return ""
}

func ownComplaint(r room, from, to string) string {
	if below(r, from) == below(r, to) && under(to, r.at) {
		return "" // a package and its subfolders are one
	}
	if under(to, r.at) && r.alone && !anyUnder(to, r.except) && !anyUnder(to, r.own) {
		return "must not import its neighbour " + to
	}
	if under(to, r.at) && (r.alone || anyUnder(to, r.own)) {
		return ""
	}
	if !anyUnder(to, r.own) {
		return "must not import " + to + ": the arrow points the other way"
	}
	return ""
}

// below is the folder directly under a room that a path lies in: internal/outside/store/storetest → store.
func below(r room, path string) string {
	rest, ok := strings.CutPrefix(path, r.at)
	if !ok {
		return ""
	}
	first, _, _ := strings.Cut(rest, "/")
	return first
}

// forbiddenNames are names that say nothing about what is inside.
var forbiddenNames = []string{
	"util", "utils", "common", "helper", "helpers", "model", "models", "manager", "managers", "misc", "base", "shared", "lib", "pkg", "types", "interfaces",
}

// testOnly are libraries that may be in go.mod but never in the binary people run.
var testOnly = []string{
	"github.com/chromedp/", "github.com/google/go-cmp/", "github.com/lestrrat-go/", "github.com/smallstep/pkcs7/", "github.com/getkin/", "github.com/zmap/",
	"pgregory.net/rapid/", "testing", "net/http/httptest",
}
