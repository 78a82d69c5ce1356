package csc

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"chave/internal/core/fault"
	"chave/internal/oauth"
)

// A body may hold 70 MB of documents. These functions cut a text that encoding/json has found valid into its members without copying any, so that the text is held
// once, and so that what held a PIN can be overwritten where it lies.

// parseParams reads one object, and refuses a member that comes twice: of two digests, we and whoever looked before us could each read another.
func parseParams(text []byte) (params, error) {
	malformed := oauth.Refuse(oauth.InvalidRequest, "the body is not one JSON object").With(fault.RequestMalformed)
	if !utf8.Valid(text) || !json.Valid(text) {
		return nil, malformed
	}
	at := blank(text, 0)
	if text[at] != '{' {
		return nil, malformed
	}
	all := params{}
	for at = blank(text, at+1); text[at] != '}'; {
		end := skip(text, at)
		var name string
		if json.Unmarshal(text[at:end], &name) != nil {
			return nil, malformed
		}
		at = blank(text, blank(text, end)+1) // past the colon
		end = skip(text, at)
		value := json.RawMessage(text[at:end])
		if _, twice := all[name]; twice {
			return nil, oauth.Refuse(oauth.InvalidRequest, "%s is repeated", oauth.Printable(name))
		}
		if len(all) == maxMembers {
			return nil, oauth.Refuse(oauth.InvalidRequest, "more than %d parameters", maxMembers).With(fault.RequestTooLarge)
		}
		all[name] = value
		if at = blank(text, end); text[at] == ',' {
			at = blank(text, at+1)
		}
	}
	for name, value := range all {
		if bytes.Equal(value, []byte("null")) { // null is absent (§7.1)
			delete(all, name)
		}
	}
	return all, nil
}

// elements cuts an array; ok is false for anything else.
func elements(text []byte, most int) (all []json.RawMessage, ok bool) {
	if len(text) == 0 || text[0] != '[' {
		return nil, false
	}
	for at := blank(text, 1); text[at] != ']'; {
		end := skip(text, at)
		if len(all) == most {
			return all, false
		}
		all = append(all, json.RawMessage(text[at:end]))
		if at = blank(text, end); text[at] == ',' {
			at = blank(text, at+1)
		}
	}
	return all, true
}

// blank is the next place that is not white space. The text is valid, so there is one.
func blank(text []byte, at int) int {
	for at < len(text) && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r' || text[at] == '\n') {
		at++
	}
	return at
}

// skip is the place after the value that begins at a place.
func skip(text []byte, at int) int {
	depth := 0
	for at < len(text) {
		switch text[at] {
		case '"':
			for at++; text[at] != '"'; at++ {
				if text[at] == '\\' {
					at++
				}
			}
			at++
		case '{', '[':
			depth++
			at++
		case '}', ']':
			if depth == 0 { // the end of what holds a number or a word
				return at
			}
			depth--
			at++
		case ',', ' ', '\t', '\r', '\n', ':':
			if depth == 0 {
				return at
			}
			at++
			continue
		default:
			at++
			continue
		}
		if depth == 0 {
			return at
		}
	}
	return at
}
