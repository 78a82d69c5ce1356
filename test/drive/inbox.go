package drive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Inbox is where a person reads their messages.
type Inbox interface {
	// Code waits for a code sent to a phone or e-mail and gives it once.
	Code(ctx context.Context, to string) (string, error)
}

// Door reads messages at the demo's tester's door, which itself waits until everything due has been delivered.
type Door struct {
	URL   string
	Lines *Lines
}

// Code is the newest message's.
func (d Door) Code(ctx context.Context, to string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.URL+"/inbox?to="+url.QueryEscape(to), nil)
	if err != nil {
		return "", err
	}
	answer, body, err := d.Lines.Do(ctx, r)
	if err != nil {
		return "", err
	}
	var all []struct{ Code string }
	if err := json.Unmarshal(body, &all); err != nil || answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("inbox answered %d: %w", answer.StatusCode, err)
	}
	for _, m := range all {
		if m.Code != "" {
			return m.Code, nil
		}
	}
	return "", errors.New("no message has a code")
}

// Message is what reached a gateway.
type Message struct{ ID, To, Text string }

// Sink is a phone network of our own: a handler that a server's SMS gateway settings point to, with the JSON body {"id", "to", "text"}. Like a
// good provider it drops the second copy of an id.
type Sink struct {
	// Heard is told of every message, once. May be nil.
	Heard func(Message)
	// Refuse says which messages this network cannot take now; they are answered 503, and the server tries again later. May be nil.
	Refuse func(Message) bool

	mu      sync.Mutex
	seen    map[string]bool
	unread  map[string][]letter // by recipient, oldest first
	waiting map[string]reader   // at most one each
	count   int
}

// letter is a message with a code.
type letter struct{ code, text string }

// reader waits for a letter with these words in it.
type reader struct {
	words string
	code  chan string
}

// SinkBody is the template of the gateway's body for the settings file.
const SinkBody = `{"id":"{{.ID}}","to":"{{.To}}","text":"{{.Text}}"}`

// ServeHTTP takes a message.
func (s *Sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	var m Message
	if err == nil {
		err = json.Unmarshal(body, &m)
	}
	if err != nil {
		http.Error(w, "not a message", http.StatusBadRequest)
		return
	}
	if s.Refuse != nil && s.Refuse(m) {
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	s.Put(m)
}

// Put delivers a message, whichever way it came.
func (s *Sink) Put(m Message) {
	if s.keep(m) && s.Heard != nil {
		s.Heard(m)
	}
}

func (s *Sink) keep(m Message) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen, s.unread, s.waiting = map[string]bool{}, map[string][]letter{}, map[string]reader{}
	}
	if s.seen[m.ID] {
		return false
	}
	s.seen[m.ID] = true
	s.count++
	code := CodeIn(m.Text)
	if code == "" {
		return true
	}
	if one, ok := s.waiting[m.To]; ok && strings.Contains(m.Text, one.words) {
		delete(s.waiting, m.To)
		one.code <- code
		return true
	}
	s.unread[m.To] = append(s.unread[m.To], letter{code, m.Text})
	return true
}

// Count is how many messages were taken.
func (s *Sink) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}

// Forget empties one person's phone.
func (s *Sink) Forget(to string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.unread, to)
}

// Code takes the oldest unread code, or waits for one.
func (s *Sink) Code(ctx context.Context, to string) (string, error) {
	return s.CodeAbout(ctx, to, "")
}

// CodeAbout likewise, of messages with these words: after a kill, a message of before it may come late and stand beside the one that is waited for.
func (s *Sink) CodeAbout(ctx context.Context, to, words string) (string, error) {
	s.mu.Lock()
	if i := slices.IndexFunc(s.unread[to], func(l letter) bool { return strings.Contains(l.text, words) }); i >= 0 {
		code := s.unread[to][i].code
		s.unread[to] = slices.Delete(s.unread[to], i, i+1)
		s.mu.Unlock()
		return code, nil
	}
	if s.waiting == nil {
		s.seen, s.unread, s.waiting = map[string]bool{}, map[string][]letter{}, map[string]reader{}
	}
	own := reader{words, make(chan string, 1)}
	s.waiting[to] = own
	s.mu.Unlock()
	select {
	case code := <-own.code:
		return code, nil
	case <-ctx.Done():
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.waiting[to] == own {
			delete(s.waiting, to)
		}
		return "", fmt.Errorf("no code came: %w", ctx.Err())
	}
}

// CodeIn reads the code out of a text, as a phone would: the first six digits that stand alone.
func CodeIn(text string) string {
	run := 0
	for i := 0; i <= len(text); i++ {
		if i < len(text) && text[i] >= '0' && text[i] <= '9' {
			run++
			continue
		}
		if run == 6 {
			return text[i-6 : i]
		}
		run = 0
	}
	return ""
}
