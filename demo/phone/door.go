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

func (s *Server) certs(w http.ResponseWriter, _ *http.Request) error {
	var ca *string
	if s.cfg.CertsPEM != "" {
		ca = &s.cfg.CertsPEM
	}
	answer(w, http.StatusOK, map[string]*string{"tls_ca": ca})
	return nil
}

// done answers programs with JSON and sends browsers back to the page that holds the form.
func (s *Server) done(w http.ResponseWriter, r *http.Request, v any) error {
	if wantsPage(r) {
		http.Redirect(w, r, "/country?done="+url.QueryEscape(r.URL.Path[1:])+"#clock", http.StatusSeeOther)
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
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/x-www-form-urlencoded" {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return "", err
		}
		// A command-line client that forgets the header calls its JSON a form; be kind to it.
		if !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) {
			form, err := url.ParseQuery(string(body))
			if err != nil || len(form[name]) != 1 {
				return "", refusal{http.StatusBadRequest, "bad_form", "give " + name + " once"}
			}
			return form.Get(name), nil
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	var object map[string]string
	if err := readJSON(r, &object); err != nil {
		return "", err
	}
	if len(object) != 1 || object[name] == "" {
		return "", refusal{http.StatusBadRequest, "bad_json", `send an object with the one member "` + name + `"`}
	}
	return object[name], nil
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
