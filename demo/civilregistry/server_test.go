package civilregistry

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"chave/demo/people"
)

const secret = "a-secret-of-at-least-32-characters"

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func start(t *testing.T, now func() time.Time) (*Server, *httptest.Server) {
	t.Helper()
	list, err := people.Load(noon)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{People: func() []people.Person { return list }, Secret: secret, Now: now, Delay: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server
}

func ask(ctx context.Context, t *testing.T, url, token, body string) (int, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, "POST", url+"/lookup", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(out), err
}

func TestLookup_answers_from_the_records(t *testing.T) {
	now := noon
	_, server := start(t, func() time.Time { return now })
	lookup := func(t *testing.T, kind, country, number, born string) Reply {
		t.Helper()
		body, _ := json.Marshal(Query{kind, country, number, born})
		status, out, err := ask(t.Context(), t, server.URL, secret, string(body))
		if err != nil || status != 200 {
			t.Fatalf("%d %s %v", status, out, err)
		}
		var r Reply
		if err := json.Unmarshal([]byte(out), &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	t.Run("a citizen with every number, however the card number is typed", func(t *testing.T) {
		r := lookup(t, "citizen_card", "PRT", "99410137 6 zz0", "1987-04-12")
		if r.Status != Found || r.Person.NIF != "399410139" || r.Person.NIC != "99410137" || r.Person.Standing.Accompanied != "no" || !r.Person.Standing.AsOf.Equal(noon) || r.Person.Document.State != "valid" {
			t.Errorf("%+v %+v", r, r.Person)
		}
	})
	t.Run("another birth date brings out nobody", func(t *testing.T) {
		if r := lookup(t, "citizen_card", "PRT", "994101376ZZ0", "1987-04-13"); r.Status != NotFound || r.Person != nil {
			t.Errorf("%+v", r)
		}
	})
	t.Run("a foreign passport is not covered", func(t *testing.T) {
		if r := lookup(t, "passport", "KAZ", "Z99438527", "1996-11-29"); r.Status != NotCovered || r.Person != nil {
			t.Errorf("%+v", r)
		}
	})
	t.Run("R2.10 a permit holder without health number", func(t *testing.T) {
		if r := lookup(t, "residence_permit", "PRT", "ZZ9942288", "1988-03-24"); r.Status != Found || r.Person.NSNS != "" || r.Person.NIF == "" || r.Person.Nationality != "GHA" {
			t.Errorf("%+v", r)
		}
	})
	t.Run("R1.04 an accompanying measure", func(t *testing.T) {
		if r := lookup(t, "citizen_card", "PRT", "994116446ZX8", "1974-04-06"); r.Person.Standing.Accompanied != "yes" {
			t.Errorf("%+v", r.Person)
		}
	})
	t.Run("R1.33 a death", func(t *testing.T) {
		if r := lookup(t, "citizen_card", "PRT", "994115075ZY4", "1938-06-30"); !r.Person.Standing.Deceased {
			t.Errorf("%+v", r.Person)
		}
	})
	t.Run("R1.28 a lifetime card has no end", func(t *testing.T) {
		if r := lookup(t, "identity_card", "PRT", "99410411", "1943-02-17"); !r.Person.Document.Lifetime || r.Person.Document.Expires != "" {
			t.Errorf("%+v", r.Person)
		}
	})
	t.Run("a card expires when the clock moves", func(t *testing.T) {
		now = noon.AddDate(6, 0, 0)
		if r := lookup(t, "citizen_card", "PRT", "994101376ZZ0", "1987-04-12"); r.Person.Document.State != "expired" {
			t.Errorf("%+v", r.Person)
		}
	})
}

func TestLookup_refuses_strangers_and_nonsense(t *testing.T) {
	_, server := start(t, func() time.Time { return noon })
	good := `{"document_type":"citizen_card","country":"PRT","number":"994101376ZZ0","birth_date":"1987-04-12"}`
	for name, c := range map[string]struct {
		token, body string
		status      int
	}{
		"no secret":        {"", good, 401},
		"wrong secret":     {secret + "x", good, 401},
		"no body":          {secret, "", 400},
		"unknown member":   {secret, `{"document_type":"citizen_card","x":1}`, 400},
		"no birth date":    {secret, strings.Replace(good, "1987-04-12", "", 1), 400},
		"number of blanks": {secret, strings.Replace(good, "994101376ZZ0", " -", 1), 400},
		"too long":         {secret, `{"number":"` + strings.Repeat("1", 20<<10) + `"}`, 400},
	} {
		t.Run(name, func(t *testing.T) {
			if status, out, err := ask(t.Context(), t, server.URL, c.token, c.body); err != nil || status != c.status || strings.Contains(out, "Beatriz") {
				t.Errorf("%d %s %v", status, out, err)
			}
		})
	}
	if resp, err := http.Get(server.URL + "/lookup"); err != nil || resp.StatusCode != 405 {
		t.Errorf("%v %v", resp, err)
	}
}

func TestMoods_never_sound_like_a_yes(t *testing.T) {
	s, server := start(t, func() time.Time { return noon })
	good := `{"document_type":"citizen_card","country":"PRT","number":"994101376ZZ0","birth_date":"1987-04-12"}`
	s.Behave(Down)
	if status, _, err := ask(t.Context(), t, server.URL, secret, good); err != nil || status != 503 {
		t.Errorf("down: %d %v", status, err)
	}
	s.Behave(Garbled)
	if _, out, _ := ask(t.Context(), t, server.URL, secret, good); json.Valid([]byte(out)) {
		t.Errorf("garbled: %s", out)
	}
	s.Behave(Lost)
	if _, _, err := ask(t.Context(), t, server.URL, secret, good); err == nil {
		t.Error("lost: an answer arrived")
	}
	s.Behave(Silent)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := ask(ctx, t, server.URL, secret, good); err == nil {
		t.Error("silent: an answer arrived")
	}
	s.Behave(Slow)
	if status, _, err := ask(t.Context(), t, server.URL, secret, good); err != nil || status != 200 {
		t.Errorf("slow: %d %v", status, err)
	}
	if s.Asked() != 5 {
		t.Errorf("asked %d times", s.Asked())
	}
}
