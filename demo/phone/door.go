package phone

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// settleWithin bounds how long a reader waits for messages under way.
const settleWithin = 10 * time.Second

// furthest is how far one request may move the clock: past the end of any key (R1.28).
const furthest = 12 * 366 * 24 * time.Hour

func (s *Server) people(w http.ResponseWriter, r *http.Request) error {
	list, err := s.cfg.People(r.Context())
	if err != nil {
		return err
	}
	// Keys that people sign with take some seconds to make; whoever asks who can sign must not be told of somebody who cannot yet.
	if err := s.cfg.SigningReady(r.Context()); err != nil {
		return err
	}
	answer(w, http.StatusOK, list)
	return nil
}

func (s *Server) services(w http.ResponseWriter, r *http.Request) error {
	list, err := s.cfg.Services(r.Context())
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, list)
	return nil
}

// readInbox answers with the messages of one recipient, newest first, after all that are due have
// arrived.
func (s *Server) readInbox(w http.ResponseWriter, r *http.Request) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return refusal{http.StatusBadRequest, "bad_query", "the query is not well encoded"}
	}
	to := query["to"]
	switch {
	case len(to) > 1:
		return refusal{http.StatusBadRequest, "repeated_to", "give one recipient: ?to=PHONE-OR-EMAIL"}
	case len(to) == 0 || contact(to[0]) == "" || len(to[0]) > 254:
		return refusal{http.StatusBadRequest, "missing_to", "say whose inbox: ?to=PHONE-OR-EMAIL"}
	}
	ctx, cancel := context.WithTimeout(r.Context(), settleWithin)
	defer cancel()
	if err := s.cfg.Settle(ctx); err != nil {
		return err
	}
	answer(w, http.StatusOK, s.inbox.To(to[0]))
	return nil
}

// clock moves the demonstration's time forward. It never goes back: codes would live twice.
func (s *Server) clock(w http.ResponseWriter, r *http.Request) error {
	text, err := field(r, "advance")
	if err != nil {
		return err
	}
	by, err := time.ParseDuration(text)
	if err != nil || by <= 0 || by > furthest {
		return refusal{http.StatusBadRequest, "bad_duration", `"advance" is a positive duration such as "5m", "36h" or "1h30m", at most 12 years`}
	}
	now, err := s.cfg.AdvanceClock(r.Context(), by)
	if err != nil {
		return err
	}
	return s.done(w, r, map[string]any{"now": now.UTC()})
}

// reset starts over and then empties the inbox, in this order: a message that the old country sends
// while it goes down is forgotten too.
func (s *Server) reset(w http.ResponseWriter, r *http.Request) error {
	if err := s.cfg.Reset(r.Context()); err != nil {
		return err
	}
	s.inbox.Clear()
	return s.done(w, r, map[string]any{"reset": true})
}

// Certificates are what a client must know before it believes anything, PEM, one each. An empty one does not exist: the demonstration
// serves plain HTTP, or its SAML doors are not up.
type Certificates struct {
	TLS          string // the demonstration's own CA
	SAML         string // signs responses over Portugal's profile at present
	StandardSAML string // signs responses over the standard's profile at present

	SCMDCipher string // clients of SCMD encrypt PIN, phone and code to it
	Root       string // of everything that people sign with
	Issuing    string // certifies people's keys at present
	TSA        string // signs timestamps at present
}

func (s *Server) certs(w http.ResponseWriter, r *http.Request) error {
	c, err := s.cfg.Certificates(r.Context())
	if err != nil {
		return err
	}
	all := map[string]*string{}
	for name, text := range map[string]string{
		"tls_ca": c.TLS, "saml_idp": c.SAML, "saml_idp_standard": c.StandardSAML, "scmd_cipher": c.SCMDCipher, "root": c.Root, "issuing": c.Issuing, "tsa": c.TSA,
	} {
		all[name] = nil
		if text != "" {
			all[name] = &text
		}
	}
	answer(w, http.StatusOK, all)
	return nil
}

// done answers programs with JSON and sends browsers back to the page that holds the form.
func (s *Server) done(w http.ResponseWriter, r *http.Request, v any) error {
	if wantsPage(r) {
		what := r.URL.Path[1:]
		spot := map[string]string{"sources": "sources"}[what]
		if spot == "" {
			spot = "clock"
		}
		http.Redirect(w, r, "/country?done="+url.QueryEscape(what)+"#"+spot, http.StatusSeeOther)
		return nil
	}
	answer(w, http.StatusOK, v)
	return nil
}

// takeSMS is the gateway Chave sends text messages through: {"to", "text", "id"}, all needed.
func (s *Server) takeSMS(w http.ResponseWriter, r *http.Request) error {
	var m struct {
		To   string `json:"to"`
		Text string `json:"text"`
		ID   string `json:"id"`
	}
	if err := readJSON(r, &m); err != nil {
		return err
	}
	if contact(m.To) == "" || m.Text == "" || m.ID == "" || len(m.To) > 254 || len(m.ID) > 254 {
		return refusal{http.StatusBadRequest, "incomplete_message", `a message needs "to", "text" and "id"`}
	}
	s.inbox.Put(m.ID, m.To, SMS, m.Text)
	answer(w, http.StatusOK, map[string]string{"id": m.ID})
	return nil
}

// field reads the one field of a small request, from a JSON object or from a form.
func field(r *http.Request, name string) (string, error) {
	values, err := fields(r, name)
	return values[name], err
}

// fields reads a small request that must hold exactly these fields, once each, from a JSON object or from a form.
func fields(r *http.Request, names ...string) (map[string]string, error) {
	list := `"` + strings.Join(names, `", "`) + `"`
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/x-www-form-urlencoded" {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		// A command-line client that forgets the header calls its JSON a form; be kind to it.
		if !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
			form, err := url.ParseQuery(string(body))
			values := map[string]string{}
			for _, name := range names {
				if err != nil || len(form[name]) != 1 {
					return nil, refusal{http.StatusBadRequest, "bad_form", "give " + list + " once"}
				}
				values[name] = form.Get(name)
			}
			return values, nil
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	var object map[string]string
	if err := readJSON(r, &object); err != nil {
		return nil, err
	}
	whole := len(object) == len(names)
	for _, name := range names {
		whole = whole && object[name] != ""
	}
	if !whole {
		return nil, refusal{http.StatusBadRequest, "bad_json", "send an object with exactly these members: " + list}
	}
	return object, nil
}

// readJSON reads exactly one JSON value.
func readJSON(r *http.Request, into any) error {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if err == nil {
		if _, err = dec.Token(); err == io.EOF {
			return nil
		}
		return refusal{http.StatusBadRequest, "bad_json", "there is something after the JSON value"}
	}
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return err
	}
	return refusal{http.StatusBadRequest, "bad_json", "the body is not the JSON object this address takes"}
}
