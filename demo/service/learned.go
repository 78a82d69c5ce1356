package service

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"time"

	"chave/demo/services"
)

// learned is what one sign-in told the service.
type learned struct {
	Name     string // how to greet; empty if no name came
	Level    int    // 0 when acr carries no number
	ACR      string
	AMR      []string
	AuthTime time.Time
	Got      []fact
	Missing  []fact
	Lacking  bool   // something required is missing: the service cannot serve this person
	Unasked  []fact // claims about the person the service did not ask for; none are expected
	Way      string // how the sign-in went; one of the ways
	States   bool   // whether facts have states
	Pending  bool   // whether one of them is still on its way
	Raw      []raw  // what came over the wire, for the curious
}

// raw is one thing that came over the wire.
type raw struct {
	Key  string // of its title among the texts: "raw.<key>"
	Text string
}

// fact is one attribute: asked for, and with a value if it came.
type fact struct {
	Attribute string // name in the registration, "" if not asked for
	Claim     string
	Value     string
	State     string // over wires that have states: why there is a value, or none
	Required  bool
	Reason    map[string]string // language → why it was asked for
}

// protocol are claims about the sign-in or about other claims, not facts about the person.
var protocol = map[string]bool{
	"iss": true, "sub": true, "aud": true, "exp": true, "iat": true, "nbf": true, "nonce": true, "auth_time": true, "acr": true,
	"amr": true, "azp": true, "at_hash": true, "c_hash": true, "s_hash": true, "sid": true, "jti": true, "email_verified": true,
	"phone_number_verified": true, "updated_at": true,
	"locale": true,
}

// learn sorts claims of ID token and userinfo by what the registration asks for.
func learn(r services.Registration, idToken, userInfo map[string]any) learned {
	all := make(map[string]any, len(idToken)+len(userInfo))
	for k, v := range idToken {
		all[k] = v
	}
	for k, v := range userInfo {
		all[k] = v
	}
	l := learned{Way: wayOIDC, Raw: []raw{{"id", indented(idToken)}, {"info", indented(userInfo)}}}
	l.Name, _ = all["name"].(string)
	l.ACR, _ = idToken["acr"].(string)
	l.Level, _ = levelOf(l.ACR)
	if means, ok := idToken["amr"].([]any); ok {
		for _, m := range means {
			l.AMR = append(l.AMR, fmt.Sprint(m))
		}
	}
	if at, ok := idToken["auth_time"].(float64); ok {
		l.AuthTime = time.Unix(int64(at), 0).UTC()
	}
	used := make(map[string]bool)
	for _, ask := range r.Attributes {
		f := fact{Attribute: ask.Name, Required: ask.Required, Reason: map[string]string{"pt": ask.Reason.PT, "en": ask.Reason.EN}}
		names := services.ClaimNames(ask.Name)
		f.Claim = strings.Join(names, ", ")
		var parts []string
		for _, name := range names {
			if v, there := all[name]; there && v != nil {
				parts = append(parts, readable(v))
				used[name] = true
			}
		}
		f.Value = strings.Join(parts, " · ")
		if f.Value == "" {
			l.Missing = append(l.Missing, f)
			l.Lacking = l.Lacking || f.Required
			continue
		}
		l.Got = append(l.Got, f)
	}
	// The parts of a name say nothing that the name asked for does not.
	used["given_name"], used["family_name"] = used["given_name"] || used["name"], used["family_name"] || used["name"]
	for name, v := range all {
		if !protocol[name] && !used[name] {
			l.Unasked = append(l.Unasked, fact{Claim: name, Value: readable(v)})
		}
	}
	sort.Slice(l.Unasked, func(i, j int) bool { return l.Unasked[i].Claim < l.Unasked[j].Claim })
	return l
}

// readable writes a claim's value for a person: text as it is, lists and objects by their parts.
func readable(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		parts := make([]string, 0, len(v))
		for _, p := range v {
			parts = append(parts, readable(p))
		}
		return strings.Join(parts, ", ")
	case map[string]any:
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		sort.Strings(keys)
		parts := make([]string, 0, len(v))
		for _, k := range keys {
			parts = append(parts, k+": "+readable(v[k]))
		}
		return strings.Join(parts, " · ")
	}
	return fmt.Sprint(v)
}

func indented(claims map[string]any) string {
	out, err := json.MarshalIndent(claims, "", "  ")
	if err != nil {
		return ""
	}
	return string(out)
}
