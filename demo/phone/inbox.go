package phone

import (
	"strings"
	"sync"
	"time"
)

// Bounds of what the phone keeps; the oldest goes first.
const (
	keptPerRecipient = 50
	keptRecipients   = 5_000
	keptIDs          = 20_000
)

// Channel is the way a message came.
type Channel string

// The two channels of the demonstration.
const (
	SMS   Channel = "sms"
	Email Channel = "email"
)

// Message is one received message, with the JSON members of GET /inbox.
type Message struct {
	ID      string    `json:"id"`
	To      string    `json:"to"`
	Channel Channel   `json:"channel"`
	Text    string    `json:"text"` // an e-mail's subject is its first line
	Code    *string   `json:"code"` // six digits read out of the text, null if it holds none
	At      time.Time `json:"at"`   // by the demonstration's clock, UTC
}

// Inbox keeps received messages by recipient. It may be used by many goroutines at once.
type Inbox struct {
	now func() time.Time

	mu       sync.Mutex
	byTo     map[string][]Message // newest last
	order    []string             // recipients, least recently written first
	seen     map[string]struct{}
	seenList []string
	watchers map[chan struct{}]struct{}
	closed   bool
}

func newInbox(now func() time.Time) *Inbox {
	b := &Inbox{now: now, watchers: make(map[chan struct{}]struct{})}
	b.empty()
	return b
}

// empty forgets all messages. The caller holds mu, or nobody else knows the inbox yet.
func (b *Inbox) empty() {
	b.byTo, b.order = make(map[string][]Message), nil
	b.seen, b.seenList = make(map[string]struct{}), nil
}

// Put stores a message and tells whoever watches. A message whose id was stored before is dropped:
// a gateway that did not hear our answer sends again, and a phone shows it once.
func (b *Inbox) Put(id, to string, channel Channel, text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := contact(to)
	if _, twice := b.seen[string(channel)+key+id]; twice {
		return
	}
	b.remember(string(channel) + key + id)
	m := Message{ID: id, To: strings.TrimSpace(to), Channel: channel, Text: text, At: b.now().UTC()}
	if code, ok := readCode(text); ok {
		m.Code = &code
	}
	list := append(b.byTo[key], m)
	if len(list) > keptPerRecipient {
		list = append([]Message(nil), list[len(list)-keptPerRecipient:]...)
	}
	if len(list) > 1 {
		b.dropFromOrder(key)
	}
	b.byTo[key] = list
	b.order = append(b.order, key)
	for len(b.order) > keptRecipients {
		delete(b.byTo, b.order[0])
		b.order = b.order[1:]
	}
	b.tell()
}

func (b *Inbox) remember(id string) {
	b.seen[id] = struct{}{}
	b.seenList = append(b.seenList, id)
	if len(b.seenList) > keptIDs {
		delete(b.seen, b.seenList[0])
		b.seenList = b.seenList[1:]
	}
}

func (b *Inbox) dropFromOrder(key string) {
	for i, k := range b.order {
		if k == key {
			b.order = append(b.order[:i], b.order[i+1:]...)
			return
		}
	}
}

// To lists what a phone number or e-mail address received, newest first; never nil.
func (b *Inbox) To(to string) []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	return reversed(b.byTo[contact(to)])
}

// Latest lists the newest messages of everybody, newest first, at most n.
func (b *Inbox) Latest(n int) []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []Message
	for i := len(b.order) - 1; i >= 0 && len(out) < 4*n; i-- {
		list := reversed(b.byTo[b.order[i]])
		out = append(out, list[:min(len(list), n)]...)
	}
	sortNewestFirst(out)
	return out[:min(len(out), n)]
}

// Recipients lists who received something, the most recent first, by their latest message.
func (b *Inbox) Recipients() []Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]Message, 0, len(b.order))
	for i := len(b.order) - 1; i >= 0; i-- {
		list := b.byTo[b.order[i]]
		out = append(out, list[len(list)-1])
	}
	return out
}

// Clear forgets everything, as after POST /reset.
func (b *Inbox) Clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.empty()
	b.tell()
}

// watch gives a channel that gets a value after each change, until the returned function is called
// or the inbox closes, which closes the channel. A slow watcher misses none but gets several as one.
func (b *Inbox) watch() (<-chan struct{}, func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ch := make(chan struct{}, 1)
	if b.closed {
		close(ch)
		return ch, func() {}
	}
	b.watchers[ch] = struct{}{}
	return ch, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.watchers, ch)
	}
}

func (b *Inbox) tell() {
	for ch := range b.watchers {
		select {
		case ch <- struct{}{}:
		default: // it has one waiting already
		}
	}
}

func (b *Inbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for ch := range b.watchers {
		close(ch)
		delete(b.watchers, ch)
	}
}

func reversed(list []Message) []Message {
	out := make([]Message, 0, len(list))
	for i := len(list) - 1; i >= 0; i-- {
		out = append(out, list[i])
	}
	return out
}
