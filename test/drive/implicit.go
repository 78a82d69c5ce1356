package drive

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Implicit is a relying party at CMD's OAuth door: a token in the fragment, then the attribute API in two steps.
type Implicit struct {
	Base        string // scheme and host of the door
	ClientID    string
	RedirectURI string
	Attributes  []string
	Lines       *Lines
}

// Attribute is one line of the API's answer.
type Attribute struct {
	Name  string  `json:"name"`
	Value *string `json:"value"`
	State string  `json:"state"`
}

// Ask makes an authorization request.
func (s *Implicit) Ask() (u *url.URL, state string, err error) {
	if u, err = url.Parse(s.Base + "/OAuth/AskAuthorization"); err != nil {
		return nil, "", err
	}
	state = text()
	u.RawQuery = url.Values{
		"response_type": {"token"}, "client_id": {s.ClientID}, "redirect_uri": {s.RedirectURI}, "scope": {strings.Join(s.Attributes, " ")}, "state": {state},
		"authentication_level": {"3"},
	}.Encode()
	return u, state, nil
}

// Back tells whether an address is the service's own.
func (s *Implicit) Back(u *url.URL) bool { return strings.HasPrefix(u.String(), s.RedirectURI) }

// Token reads the answer that the browser brought behind the #.
func (s *Implicit) Token(back *url.URL, state string) (string, error) {
	q, err := url.ParseQuery(back.EscapedFragment())
	switch {
	case err != nil:
		return "", err
	case q.Get("error") != "":
		return "", &Refused{Code: q.Get("error")}
	case q.Get("state") != state:
		return "", fmt.Errorf("state is not the one we sent")
	case len(q.Get("access_token")) != 36:
		return "", fmt.Errorf("the token has %d characters", len(q.Get("access_token")))
	}
	return q.Get("access_token"), nil
}

func (s *Implicit) api() string { return s.Base + "/OAuthResourceServer/Api/AttributeManager" }

// Begin starts the collection and returns its context.
func (s *Implicit) Begin(ctx context.Context, token string) (string, error) {
	body, err := json.Marshal(map[string]any{"token": token, "attributesName": s.Attributes})
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.api(), bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	var answer struct {
		Token   string `json:"token"`
		Context string `json:"authenticationContextId"`
	}
	if err := s.json(r, &answer); err != nil {
		return "", err
	}
	if answer.Token != token || answer.Context == "" {
		return "", fmt.Errorf("the API began with another token, or without a context")
	}
	return answer.Context, nil
}

// Collect asks for what there is.
func (s *Implicit) Collect(ctx context.Context, token, about string) (all []Attribute, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.api()+"?"+url.Values{"token": {token}, "authenticationContextId": {about}}.Encode(), nil)
	if err != nil {
		return nil, err
	}
	return all, s.json(r, &all)
}

func (s *Implicit) json(r *http.Request, into any) error {
	answer, body, err := s.Lines.Do(r.Context(), r)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		refused := &Refused{Status: answer.StatusCode}
		_ = json.Unmarshal(body, refused) // what is not JSON has no code
		return refused
	}
	return json.Unmarshal(body, into)
}
