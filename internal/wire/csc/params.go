package csc

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"

	"chave/internal/oauth"
)

const (
	maxJSON     = 256 << 10 // bytes: a hundred SHA-512 digests with names need 60 KiB
	maxDocument = 70 << 20  // bytes of a request with whole documents: 50 MB in base64
	maxMembers  = 64
	maxText     = 4 << 10 // bytes of one text
)

// params are the members of a method's JSON body, each read once its type is known to be right.
type params map[string]json.RawMessage

// readParams reads the one object of a body. No body at all counts as an empty object, because the standard's own samples send such.
func readParams(w http.ResponseWriter, r *http.Request, limit int64) (params, error) {
	if r.URL.RawQuery != "" {
		return nil, oauth.Refuse(oauth.InvalidRequest, "send parameters in the body, not in the address")
	}
	if kind := r.Header.Get("Content-Type"); kind != "" {
		if kind, _, err := mime.ParseMediaType(kind); err != nil || kind != "application/json" {
			return nil, oauth.Refuse(oauth.InvalidRequest, "the body must be application/json")
		}
	}
	text, err := oauth.ReadAll(w, r, limit)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return params{}, nil
	}
	return parseParams(text)
}

func (in params) has(name string) bool { return in[name] != nil }

// text reads a string; empty when it is absent.
func (in params) text(name string) (string, error) {
	var s string
	if raw := in[name]; raw != nil {
		if json.Unmarshal(raw, &s) != nil || len(s) > maxText {
			return "", missing("string", name)
		}
	}
	return s, nil
}

// needText is text for what must be there.
func (in params) needText(name string) (string, error) {
	s, err := in.text(name)
	if err == nil && s == "" {
		err = missing("string", name)
	}
	return s, err
}

func (in params) flag(name string) (bool, error) {
	var b bool
	if raw := in[name]; raw != nil && json.Unmarshal(raw, &b) != nil {
		return false, missing("boolean", name)
	}
	return b, nil
}

// texts reads an array of strings; where one string alone is meant, as some of the standard's samples have it, that is an array of one.
func (in params) texts(name string) ([]string, error) {
	raw := in[name]
	if raw == nil {
		return nil, missing("array", name)
	}
	var all []string
	if json.Unmarshal(raw, &all) == nil {
		return all, nil
	}
	var one string
	if json.Unmarshal(raw, &one) != nil {
		return nil, missing("array", name)
	}
	return []string{one}, nil
}

// clear overwrites what may hold a PIN or a code (T5). Texts that were made of it go with the garbage.
func (in params) clear(names ...string) {
	for _, name := range names {
		clear(in[name])
	}
}
