//go:build torture

package torture

import (
	"net/url"
	"sync"
	"sync/atomic"

	"chave/test/drive"
	"chave/test/population"
)

// holder is a resident and what they have been told. One act at a time has them.
type holder struct {
	population.Resident
	pin       string // acknowledged
	before    string // the one that pin replaced since the last look; it must not work any more
	doubt     string // sent, never answered: it may have become the PIN
	temporary bool   // pin is what the counter printed
	rounds    int    // PINs chosen so far
	agreed    map[string]bool
}

// usedCode is a one-time code as it was posted, with the cookies of that moment.
type usedCode struct {
	browser *drive.Browser
	at      *url.URL
	form    url.Values
	answer  bool // the server said yes
}

// usedGrant is an authorization code as it was redeemed.
type usedGrant struct {
	service *drive.Service
	flow    drive.Flow
	code    string
	answer  bool
}

// ledger is what the test believes, between one kill and the next.
type ledger struct {
	killed atomic.Bool   // from here on, errors are what we came for
	sent   chan struct{} // hears that a form which decides something is about to be posted

	mu     sync.Mutex
	idle   []*holder
	look   map[*holder]bool // something happened to them since the last kill
	codes  []usedCode
	grants []usedGrant
	posts  []*usedPost
	next   int // newcomers so far

	processes []*usedProcess
	replayed  int // of processes
	papers    int // documents so far

	total totals
}

// totals are for the report.
type totals struct {
	kills, signIns, registrations, changes, consents int // acknowledged
	doubts, became                                   int // PINs in doubt, and how many of them turned out to be set
	codes, codesInDoubt, grants, grantsInDoubt       int // tried again and refused
	posts, postsInDoubt, answers                     int // likewise: requests over SAML, and their answers
	signatures, signaturesInDoubt, late, held        int // acknowledged; never answered, and how many of those were had by asking again; requests refused for too many waiting
	audited                                          int
}

// take gives an idle holder, the one who waited longest.
func (l *ledger) take() *holder {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.idle) == 0 {
		return nil
	}
	h := l.idle[0]
	l.idle = l.idle[1:]
	return h
}

// give puts one back, noting whether the next look must include them.
func (l *ledger) give(h *holder, touched bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.idle = append(l.idle, h)
	if touched {
		l.look[h] = true
	}
}

func (l *ledger) note(fn func(*ledger)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fn(l)
}

// decisive lets the kill fall just when something is decided, where a mistake would be.
func (l *ledger) decisive() {
	select {
	case l.sent <- struct{}{}:
	default:
	}
}

// since hands over what happened since the last kill and starts afresh.
func (l *ledger) since() (look []*holder, codes []usedCode, grants []usedGrant, posts []*usedPost) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for h := range l.look {
		look = append(look, h)
	}
	codes, grants, posts = l.codes, l.grants, l.posts
	l.look, l.codes, l.grants, l.posts = map[*holder]bool{}, nil, nil, nil
	return look, codes, grants, posts
}
