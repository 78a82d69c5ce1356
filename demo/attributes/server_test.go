package attributes

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"chave/demo/people"
)

const secret = "a-secret-of-at-least-32-characters"

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func start(t *testing.T) (*Server, *httptest.Server, []people.Person) {
	t.Helper()
	list, err := people.Load(noon)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{People: func() []people.Person { return list }, Secret: secret, Now: func() time.Time { return noon }, Delay: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server, list
}

func ask(ctx context.Context, t *testing.T, address, token, body string) (int, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, "POST", address, strings.NewReader(body))
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

const beatriz = `{"number":"q1","service":"hospital","identifiers":{"nic":"99410137","nif":"399410139","niss":"19994201733"},"attributes":["%"],"params":{}}`

func about(attribute string) string { return strings.Replace(beatriz, "%", attribute, 1) }

func TestSources_answer_about_those_they_know(t *testing.T) {
	s, server, _ := start(t)
	for _, source := range Sources() {
		if err := s.Set(source, OK); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ name, source, body, result, part string }{
		{"the address of the plain case", Address, about("address"), "available", "MoradaXML"},
		{"the card's details", Card, about("card_details"), "available", "Foto"},
		{"the professional situation", SocialSecurity, about("employment"), "available", "SituacaoProfissional"},
		{"the health scheme", Health, about("health_scheme"), "available", "NumeroBeneficiario"},
		{"the health scheme tells a bank nothing", Health, strings.Replace(about("health_scheme"), "hospital", "bank", 1), "not_permitted", ""},
		{"an attribute of another source", Address, about("employment"), "not_available", ""},
		{"nobody's number", Address, strings.Replace(about("address"), "99410137", "99999999", 1), "not_available", ""},
		{"another birth date", Address, strings.Replace(about("address"), `"params"`, `"birth_date":"1987-04-13","params"`, 1), "not_available", ""},
		{"the right birth date", Address, strings.Replace(about("address"), `"params"`, `"birth_date":"1987-04-12","params"`, 1), "available", "Distrito"},
		{"a lifetime identity card has no card data", Address, strings.Replace(about("address"), "99410137", "99410411", 1), "not_available", ""},
		{"a permit holder works", SocialSecurity, strings.Replace(about("employment"), "19994201733", "19994226255", 1), "available", "SituacaoProfissional"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, out, err := ask(t.Context(), t, server.URL+"/"+c.source+"/attributes", secret, c.body)
			var got reply
			if err != nil || status != 200 || json.Unmarshal([]byte(out), &got) != nil || got.Number != "q1" || len(got.Results) != 1 {
				t.Fatalf("%d %s %v", status, out, err)
			}
			one := got.Results[0]
			if one.Result != c.result || (one.Text != "") != (c.result == "available") || c.part != "" && one.Parts[c.part] == "" {
				t.Errorf("%+v", one)
			}
		})
	}
	first, second := "", ""
	_, first, _ = ask(t.Context(), t, server.URL+"/address/attributes", secret, about("address"))
	_, second, _ = ask(t.Context(), t, server.URL+"/address/attributes", secret, about("address"))
	if first != second {
		t.Error("two answers differ")
	}
}

func TestSources_refuse_strangers_and_nonsense(t *testing.T) {
	_, server, _ := start(t)
	for name, c := range map[string]struct {
		path, token, body string
		status            int
	}{
		"no secret":         {"/address/attributes", "", about("address"), 401},
		"wrong secret":      {"/address/attributes", secret + "x", about("address"), 401},
		"no body":           {"/address/attributes", secret, "", 400},
		"unknown member":    {"/address/attributes", secret, `{"number":"1","x":1}`, 400},
		"no identifier":     {"/address/attributes", secret, `{"number":"1","identifiers":{},"attributes":["address"]}`, 400},
		"too long":          {"/address/attributes", secret, `{"number":"` + strings.Repeat("1", 20<<10) + `"}`, 400},
		"no such source":    {"/powers/attributes", secret, about("address"), 404},
		"no such path":      {"/address", secret, about("address"), 404},
		"a longer path too": {"/address/attributes/all", secret, about("address"), 404},
	} {
		t.Run(name, func(t *testing.T) {
			if status, out, err := ask(t.Context(), t, server.URL+c.path, c.token, c.body); err != nil || status != c.status || strings.Contains(out, "Rua") {
				t.Errorf("%d %s %v", status, out, err)
			}
		})
	}
	if resp, err := http.Get(server.URL + "/address/attributes"); err != nil || resp.StatusCode != 405 {
		t.Errorf("%v %v", resp, err)
	}
}

func TestBehaviours_can_be_set_while_it_runs(t *testing.T) {
	s, server, _ := start(t)
	if got := s.Behaviours(); got[Address] != OK || got[SocialSecurity] != Slow || got[Health] != Failing {
		t.Errorf("at first: %v", got)
	}
	if s.Set("powers", OK) == nil || s.Set(Address, "lazy") == nil {
		t.Error("nonsense is accepted")
	}
	at := server.URL + "/address/attributes"
	try := func(b Behaviour) (int, error) {
		if err := s.Set(Address, b); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		status, _, err := ask(ctx, t, at, secret, about("address"))
		return status, err
	}
	if status, err := try(Failing); status != 500 || err != nil {
		t.Errorf("failing: %d %v", status, err)
	}
	if status, err := try(Silent); err == nil {
		t.Errorf("silent: %d", status)
	}
	if status, err := try(Slow); status != 200 || err != nil {
		t.Errorf("slow: %d %v", status, err)
	}
	if status, err := try(OK); status != 200 || err != nil {
		t.Errorf("ok: %d %v", status, err)
	}
	if s.Asked() != 4 {
		t.Errorf("asked %d times", s.Asked())
	}
}

func TestDocuments_are_valid_against_the_schemas(t *testing.T) {
	dir := os.Getenv("CHAVE_CONTRACTS")
	if dir == "" {
		dir = "../../../shared/data/contracts"
	}
	xmllint, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed")
	}
	s, _, list := start(t)
	for _, c := range []struct{ source, attribute, part, schema string }{
		{Address, "address", "MoradaXML", "MoradaDadosCC.xsd"},
		{SocialSecurity, "employment", "SituacaoProfissional", "SituacaoProfissional.xsd"},
	} {
		schema := filepath.Join(dir, "fa", c.schema)
		if _, err := os.Stat(schema); err != nil {
			t.Skip(c.schema + " is not beside this repository")
		}
		checked := 0
		for _, p := range list {
			q := question{Number: "q1", Identifiers: map[string]string{"nic": p.NIC, "niss": p.NISS}, Attributes: []string{c.attribute}}
			got := s.answer(c.source, q).Results[0]
			if got.Result != "available" {
				continue
			}
			checked++
			lint := exec.CommandContext(t.Context(), xmllint, "--noout", "--nonet", "--schema", schema, "-")
			lint.Stdin = strings.NewReader(got.Parts[c.part])
			if out, err := lint.CombinedOutput(); err != nil {
				t.Errorf("%s of %s: %s\n%s", c.part, p.ID, got.Parts[c.part], out)
			}
		}
		if checked < 10 {
			t.Errorf("only %d of %s were checked", checked, c.part)
		}
	}
}
