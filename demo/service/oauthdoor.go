package service

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// door is CMD's OAuth door as this service uses it (cmd-authentication.md part 2): an implicit token, and an API that trades it for attributes.
type door struct {
	issuer, clientID, redirect string
	level                      int
	client                     *http.Client
	pause                      func(context.Context, time.Duration) error
}

func newDoor(cfg Config) *door {
	d := &door{
		issuer: strings.TrimSuffix(cfg.Issuer, "/"), clientID: cfg.Registration.OAuth.ClientID, redirect: cfg.Registration.OAuth.RedirectURIs[0],
		level: cfg.Registration.MinLevel, client: cfg.HTTPClient, pause: cfg.Pause,
	}
	if d.pause == nil {
		d.pause = func(ctx context.Context, by time.Duration) error {
			t := time.NewTimer(by)
			defer t.Stop()
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-t.C:
				return nil
			}
		}
	}
	return d
}

// authorize is the address the browser is sent to.
func (d *door) authorize(scope []string, state string) string {
	return d.issuer + "/OAuth/AskAuthorization?" + url.Values{
		"response_type": {"token"}, "client_id": {d.clientID}, "redirect_uri": {d.redirect}, "scope": {strings.Join(scope, " ")}, "state": {state},
		"authentication_level": {strconv.Itoa(d.level)},
	}.Encode()
}

const attributeManager = "/OAuthResourceServer/Api/AttributeManager"

// answerLimit bounds what the API may answer, in bytes: attributes may hold photographs.
const answerLimit = 4 << 20

// start asks for the attributes of a token and gives the number to collect them by.
func (d *door) start(ctx context.Context, token string, names []string) (contextID string, err error) {
	body, err := json.Marshal(map[string]any{"token": token, "attributesName": names})
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.issuer+attributeManager, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	var answer struct {
		ContextID string `json:"authenticationContextId"`
	}
	if err := d.do(req, &answer); err != nil {
		return "", err
	}
	if answer.ContextID == "" {
		return "", fmt.Errorf("attribute API: no context")
	}
	return answer.ContextID, nil
}

// collect gives what is known by now, and the answer as it came.
func (d *door) collect(ctx context.Context, token, contextID string) ([]given, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.issuer+attributeManager+"?"+url.Values{"token": {token}, "authenticationContextId": {contextID}}.Encode(), nil)
	if err != nil {
		return nil, "", err
	}
	var list []struct {
		Name  string  `json:"name"`
		Value *string `json:"value"`
		State string  `json:"state"`
	}
	if err := d.do(req, &list); err != nil {
		return nil, "", err
	}
	var all []given
	for _, one := range list {
		g := given{name: one.Name, state: one.State}
		if one.Value != nil {
			g.value = *one.Value
		}
		all = append(all, g)
	}
	text, err := json.MarshalIndent(list, "", "  ")
	return all, string(text), err
}

// revoke makes the token worthless (RFC 7009, at Chave's own address: CMD documents none).
func (d *door) revoke(ctx context.Context, token string) error {
	form := url.Values{"token": {token}, "client_id": {d.clientID}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, d.issuer+"/oauth/revoke", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return d.do(req, nil)
}

// do sends a request. Errors name neither address nor body: both hold the token.
func (d *door) do(req *http.Request, into any) error {
	resp, err := d.client.Do(req)
	if err != nil {
		return fmt.Errorf("attribute API: cannot be reached")
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("attribute API: status %d", resp.StatusCode)
	}
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, answerLimit)).Decode(into); err != nil {
		return fmt.Errorf("attribute API: the answer is not the JSON it should be")
	}
	return nil
}
