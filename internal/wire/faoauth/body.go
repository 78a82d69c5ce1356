package faoauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"unicode/utf8"

	"chave/internal/core/fault"
)

const (
	maxBody  = 64 << 10 // bytes
	maxDepth = 16       // of arrays and objects; no request of this door needs more than two
)

// nameList is attributesName: an array of texts, one text, null, or missing.
type nameList []string

// UnmarshalJSON implements json.Unmarshaler.
func (n *nameList) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		var one string
		if err := json.Unmarshal(text, &one); err != nil {
			return err
		}
		*n = nameList{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(n))
}

// apiBody is what any request to the attribute API may hold (§2.3, §2.7.3). What else comes is ignored: one client misspells a member and lives well with that.
type apiBody struct {
	Token   string   `json:"token"`
	Names   nameList `json:"attributesName"`
	Context string   `json:"authenticationContextId"`
}

// readAPI reads the body of a request to the attribute API: JSON, or a form.
func readAPI(w http.ResponseWriter, r *http.Request) (apiBody, error) {
	var body apiBody
	text, err := readAll(w, r)
	if err != nil {
		return body, err
	}
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/x-www-form-urlencoded" {
		q, err := readForm(text)
		if err != nil {
			return body, err
		}
		body, err = q.api()
		return body, err
	}
	return body, readJSON(text, &body)
}

// api reads the same members from a form or an address.
func (q query) api() (body apiBody, err error) {
	var once [2]bool
	body.Token, once[0] = q.one("token")
	body.Context, once[1] = q.one("authenticationcontextid")
	body.Names = q["attributesname"]
	if !once[0] || !once[1] {
		return apiBody{}, fault.New(fault.RequestMalformed)
	}
	return body, nil
}

// readForm splits a form as readQuery does an address, with the room that bodies have.
func readForm(text []byte) (query, error) {
	all := query{}
	if bytes.Count(text, []byte("&")) > 2*maxNames {
		return all, fault.New(fault.RequestTooLarge)
	}
	for _, pair := range bytes.Split(text, []byte("&")) {
		q, _ := readQuery(string(pair[:min(len(pair), maxQuery)]))
		for name, values := range q {
			all[name] = append(all[name], values...)
		}
	}
	return all, nil
}

func readAll(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, fault.New(fault.RequestTooLarge).Because(err)
	case err != nil:
		return nil, fault.New(fault.RequestMalformed).Because(err)
	}
	return text, nil
}

// readJSON reads one JSON value as clients of this door write it: with a byte order mark, perhaps, and with commas before closing brackets, as the official desktop
// program does (§2.3.3).
func readJSON(text []byte, into any) error {
	bad := fault.New(fault.RequestMalformed)
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(text) {
		return bad
	}
	text, ok := withoutTrailingCommas(text)
	if !ok {
		return bad
	}
	if trimmed := bytes.TrimSpace(text); len(trimmed) == 0 || trimmed[0] != '{' {
		return bad
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fault.New(fault.RequestMalformed) // the parser's words quote what was sent
	}
	return nil
}

// withoutTrailingCommas drops each comma that stands outside a text before a closing bracket; ok is false for brackets nested deeper than any request needs.
func withoutTrailingCommas(text []byte) (clean []byte, ok bool) {
	clean = make([]byte, 0, len(text))
	quoted, depth := false, 0
	comma := -1 // where in clean a comma stands that only white space has followed
	for i := 0; i < len(text); i++ {
		c := text[i]
		if quoted {
			clean = append(clean, c)
			switch {
			case c == '\\' && i+1 < len(text):
				i++
				clean = append(clean, text[i])
			case c == '"':
				quoted = false
			}
			continue
		}
		switch c {
		case ' ', '\t', '\r', '\n':
		case ',':
			comma = len(clean)
		case ']', '}':
			if comma >= 0 {
				clean[comma] = ' '
			}
			depth--
			comma = -1
		case '[', '{':
			if depth++; depth > maxDepth {
				return nil, false
			}
			comma = -1
		case '"':
			quoted, comma = true, -1
		default:
			comma = -1
		}
		clean = append(clean, c)
	}
	return clean, true
}
