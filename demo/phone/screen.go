package phone

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"

	"chave/demo/page"
	"chave/demo/people"
)

// shown is how many messages the phone's page holds.
const shown = 25

// langCookie is the demonstration's choice of language on this port, shared with the landing page.
const langCookie = "demo_phone_lang"

// view is what the phone's page gets.
type view struct {
	texts       page.Texts
	Lang, Other string
	Portal      string
	Clock, Day  string // the demonstration's time, as on a locked phone
	Title       string // whose phone
	Self        string // address of this very page, for the refresh link
	SwitchURL   string
	Everyone    bool
	Owners      []owner
	Bubbles     []bubble
}

// T is the sentence for a key in the page's language.
func (v view) T(key string, args ...any) (string, error) { return v.texts.Say(v.Lang, key, args...) }

// owner is one entry of the list "whose phone".
type owner struct {
	Name, Initials, URL string
	Count               int
	Current             bool
}

// bubble is one message on the screen.
type bubble struct {
	Name    string // whose phone it came to; shown when the screen is everybody's
	To      string
	Channel Channel
	Subject string // of an e-mail
	Parts   []part
	Code    string
	At      string // time of day
	ISO     string
}

// part is a piece of a message's text: plain, the code, or a link.
type part struct {
	Text string
	Code bool
	Link string
}

// screen shows the phone: of everybody, of one person (?who=id) or of a number or address (?to=).
func (s *Server) screen(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	// Best effort: a late message arrives by the stream or the next refresh.
	if err := s.cfg.Settle(ctx); err != nil {
		s.cfg.Log.WarnContext(r.Context(), "messages did not settle", "cause", err)
	}
	list, err := s.cfg.People(r.Context())
	if err != nil {
		return err
	}
	lang := page.Lang(w, r, langCookie)
	v := view{texts: s.texts, Lang: lang, Other: page.Other(lang), Portal: s.cfg.Portal}
	v.Clock, v.Day = clockFace(s.cfg.Now(), lang)

	who, to := r.URL.Query().Get("who"), r.URL.Query().Get("to")
	names := make(map[string]string)
	var messages []Message
	for _, p := range list {
		var own []Message
		for _, c := range contacts(p) {
			names[contact(c)] = p.Name
			own = append(own, s.inbox.To(c)...)
		}
		if len(contacts(p)) == 0 {
			continue
		}
		o := owner{Name: p.Name, Initials: initials(p.Name), URL: "/?" + url.Values{"who": {p.ID}}.Encode(), Count: len(own), Current: who == p.ID}
		if o.Current {
			sortNewestFirst(own)
			messages, v.Title = own, p.Name
		}
		v.Owners = append(v.Owners, o)
	}
	// Recipients nobody in the list has: phones a visitor made up at the counter.
	strangers := 0
	for _, m := range s.inbox.Recipients() {
		if _, known := names[contact(m.To)]; known || strangers == shown {
			continue
		}
		strangers++
		o := owner{Name: m.To, Initials: "#", URL: "/?" + url.Values{"to": {m.To}}.Encode(), Count: len(s.inbox.To(m.To)), Current: to != "" && contact(to) == contact(m.To)}
		v.Owners = append(v.Owners, o)
	}
	switch {
	case v.Title != "":
		v.Self = "/?" + url.Values{"who": {who}}.Encode()
	case contact(to) != "" && len(to) <= 254:
		messages, v.Title, v.Self = s.inbox.To(to), to, "/?"+url.Values{"to": {to}}.Encode()
		if name := names[contact(to)]; name != "" {
			v.Title = name
		}
	default:
		messages, v.Everyone, v.Self = s.inbox.Latest(shown), true, "/"
	}
	separator := "?"
	if strings.Contains(v.Self, "?") {
		separator = "&"
	}
	v.SwitchURL = v.Self + separator + "lang=" + v.Other
	for _, m := range messages[:min(len(messages), shown)] {
		v.Bubbles = append(v.Bubbles, newBubble(m, names[contact(m.To)], lang))
	}
	return page.Render(w, http.StatusOK, s.pages, "phone.html", v)
}

func newBubble(m Message, name, lang string) bubble {
	b := bubble{Name: name, To: m.To, Channel: m.Channel, ISO: m.At.Format(time.RFC3339)}
	if b.Name == "" {
		b.Name = m.To
	}
	b.At, _ = clockFace(m.At, lang)
	text := m.Text
	if m.Channel == Email {
		b.Subject, text, _ = strings.Cut(text, "\n\n")
	}
	if m.Code != nil {
		b.Code = *m.Code
	}
	b.Parts = split(text, b.Code)
	return b
}

// ownLinks are addresses on this machine. No other becomes a link: what a message says is not
// trusted to lead a visitor anywhere else.
var ownLinks = regexp.MustCompile(`https?://(?:localhost|127\.0\.0\.1)(?::[0-9]{1,5})?/[^\s<>"]*`)

// split cuts a text into plain pieces, links and the code.
func split(text, code string) []part {
	var parts []part
	plain := func(s string) {
		if code != "" {
			if before, after, found := strings.Cut(s, code); found {
				parts = append(parts, part{Text: before}, part{Text: code, Code: true}, part{Text: after})
				return
			}
		}
		parts = append(parts, part{Text: s})
	}
	at := 0
	for _, m := range ownLinks.FindAllStringIndex(text, -1) {
		plain(text[at:m[0]])
		parts = append(parts, part{Text: text[m[0]:m[1]], Link: text[m[0]:m[1]]})
		at = m[1]
	}
	plain(text[at:])
	return parts
}

func contacts(p people.Published) []string {
	var out []string
	for _, c := range []*string{p.Phone, p.Email} {
		if c != nil && *c != "" {
			out = append(out, *c)
		}
	}
	return out
}

// initials are the first letters of the first and last name.
func initials(name string) string {
	words := strings.Fields(name)
	if len(words) == 0 {
		return ""
	}
	first := []rune(words[0])[:1]
	if last := []rune(words[len(words)-1]); len(words) > 1 {
		first = append(first, unicode.ToUpper(last[0]))
	}
	return string(first)
}

// clockFace is the time and day as a locked phone shows them, in Lisbon where the machine knows it.
func clockFace(t time.Time, lang string) (clock, day string) {
	if lisbon, err := time.LoadLocation("Europe/Lisbon"); err == nil {
		t = t.In(lisbon)
	}
	if lang != "pt" {
		return t.Format("15:04"), t.Format("Monday 2 January 2006")
	}
	weekdays := [...]string{"domingo", "segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado"}
	months := [...]string{"janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro", "dezembro"}
	return t.Format("15:04"), weekdays[t.Weekday()] + ", " + t.Format("2") + " de " + months[t.Month()-1] + " de " + t.Format("2006")
}
