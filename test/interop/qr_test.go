//go:build interop

package interop

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"chave/internal/core/consent"
	"chave/internal/core/service"
	"chave/test/drive"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

// TestGo_jwx_at_the_QR_door is a service that shows a code on a screen and lets a JOSE library by others sign what it sends and judge what it hears
// (cmd-authentication.md §2.7). The person's phone is a browser.
func TestGo_jwx_at_the_QR_door(t *testing.T) {
	heard := make(chan []byte, 4)
	ear := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // a body cut short is no decision
		heard <- body
	}))
	t.Cleanup(ear.Close)
	keyText, certificate := ownPair(t, "screen.example")
	key, _ := pair(t, keyText, certificate)
	const id = "100000000777"
	r, who := serve(t, service.Settings{
		ID: "screen", RedirectURIs: []string{"https://screen.example/unused"}, Secret: strings.Repeat("s", 32),
		OAuth:  &service.OAuth{ClientID: id, Native: true, Callback: ear.URL + "/decided", Certificate: certificate, Also: []consent.Name{"document"}},
		Compat: map[service.Switch]service.Allowance{service.ImplicitToken: {}},
	})
	lines := new(drive.Lines)
	s := screen{issuer: r.Settings.Issuer, id: id, key: key, heard: heard, trust: publicKey(t, signingCertificate(t, opened(t, lines, r.Settings.Issuer+"/fa/metadata")))}
	phone := drive.Walk{Browser: &drive.Browser{Lines: lines, Language: "en"}, Inbox: r.Sink, Person: who.Signer()}

	number := s.create(t, key, http.StatusOK)
	approve(t, phone, s.issuer, number)
	token := s.decided(t, number, "AUTH_ACCEPTED")
	var access, expires string
	if err := errors.Join(s.believed(t, token).Get("access_token", &access), s.believed(t, token).Get("expires_in", &expires)); err != nil || len(access) != 36 || expires == "" {
		t.Errorf("the decision holds a token of %d characters for %q, %v", len(access), expires, err)
	}
	knows := func(t *testing.T, text string) {
		t.Helper()
		claims := s.believed(t, text)
		var name, number string
		if err := errors.Join(claims.Get(fullName, &name), claims.Get(docNumber, &number)); err != nil || !strings.EqualFold(name, who.GivenNames+" "+who.Surnames) || number == "" {
			t.Errorf("the claims are %v, %v", claims.Keys(), err)
		}
	}
	t.Run("§2.7.3 one step", func(t *testing.T) {
		got := s.call(t, "OAuthResourceServer/Service/ResourceJWT.svc/ResourceJWT", "", map[string]any{"token": token})
		knows(t, got.Token)
	})
	t.Run("§2.7.3 two steps", func(t *testing.T) {
		begun := s.call(t, "OAuthResourceServer/Service/ResourceJWT.svc/BeginAttributeRequest", "", map[string]any{"token": token})
		if len(begun.Process) != 36 {
			t.Fatalf("processId is %q", begun.Process)
		}
		got := s.call(t, "OAuthResourceServer/Service/ResourceJWT.svc/FetchAttributes", "", map[string]any{"token": token, "authenticationContextId": begun.Process})
		knows(t, got.Token)
	})
	t.Run("§2.7.2 no brings no token", func(t *testing.T) {
		no := phone
		no.Answer = drive.Deny
		number := s.create(t, key, http.StatusOK)
		approve(t, no, s.issuer, number)
		if token := s.decided(t, number, "AUTH_REFUSED"); token != "" {
			t.Error("a refusal came with a token")
		}
	})
	t.Run("another key is nobody", func(t *testing.T) {
		strange, _ := pair(t, first(ownPair(t, "stranger.example")), certificate)
		s.create(t, strange, http.StatusUnauthorized)
	})
}

func first(a, _ string) string { return a }

// screen is a service that shows codes.
type screen struct {
	issuer, id string
	key        crypto.Signer
	trust      any
	heard      <-chan []byte
}

// said is an answer of the door; members are set as the operation has them.
type said struct {
	status  int
	Result  struct{ Code, Description, Message string } `json:"result"`
	Number  string                                      `json:"requestNumber"`
	Picture []byte                                      `json:"qrCode"`
	Process string                                      `json:"processId"`
	Token   string                                      `json:"jsonWebToken"`
	JWT     string                                      `json:"jwt"`
}

// create asks for a code and gives its number.
func (s screen) create(t *testing.T, key crypto.Signer, want int) string {
	t.Helper()
	claims, err := jwt.NewBuilder().Claim("clientId", s.id).IssuedAt(time.Now()).Expiration(time.Now().Add(2 * time.Minute)).Build()
	if err != nil {
		t.Fatal(err)
	}
	bearer, err := jwt.Sign(claims, jwt.WithKey(jwa.RS256(), key))
	if err != nil {
		t.Fatal(err)
	}
	got := s.call(t, "AuthorizationSystemFrontend/authorizationsystem/frontend/request/qrcodeauthentication", string(bearer), map[string]any{
		"consumerType": "ENTITY", "informationType": "QR_AUTHENT", "channelCode": rand.Text(), "replyDeadline": time.Now().UTC().Add(24 * time.Hour).Format("2006-01-02 15:04"),
		"attributeList": []string{fullName, docType, docCountry, docNumber}, "consumerName": "Screen", "languageDescription": "en_GB",
	})
	if got.status != want || want == http.StatusOK && (got.Result.Code != "PENDING" || len(got.Number) != 36) {
		t.Fatalf("answered %d %+v", got.status, got.Result)
	}
	if want == http.StatusOK {
		if _, err := png.Decode(bytes.NewReader(got.Picture)); err != nil {
			t.Errorf("the code is no picture: %v", err)
		}
	}
	return got.Number
}

func (s screen) call(t *testing.T, path, bearer string, body map[string]any) (got said) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.issuer+"/"+path, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
		t.Fatalf("%s answered %d, %v", path, answer.StatusCode, err)
	}
	got.status = answer.StatusCode
	return got
}

// decided waits for what the service is told, and gives the token in it.
func (s screen) decided(t *testing.T, number, code string) string {
	t.Helper()
	select {
	case body := <-s.heard:
		var got said
		if err := json.Unmarshal(body, &got); err != nil || got.Number != number || got.Result.Code != code {
			t.Fatalf("told %+v, %v", got.Result, err)
		}
		return got.JWT
	case <-time.After(60 * time.Second):
		t.Fatal("the service was not told")
		return ""
	}
}

// believed lets the library check a JWT of ours by the certificate that the metadata has, RS512 and nothing else.
func (s screen) believed(t *testing.T, text string) jwt.Token {
	t.Helper()
	claims, err := jwt.Parse([]byte(text), jwt.WithKey(jwa.RS512(), s.trust))
	if err != nil {
		t.Fatal(err)
	}
	return claims
}

// approve is what the person does with the number on their phone.
func approve(t *testing.T, w drive.Walk, issuer, number string) {
	t.Helper()
	at := address(t, issuer+"/qr/"+number)
	page, err := w.Browser.Get(t.Context(), &at)
	if err != nil || page.Status != http.StatusOK {
		t.Fatalf("the phone sees %d, %v", page.Status, err)
	}
	forms, err := drive.Forms(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range forms {
		if f.Action.Path != at.Path {
			continue
		}
		page, err = w.Browser.Post(t.Context(), f.Action, f.Values)
		if err == nil {
			page, err = w.Browser.Follow(t.Context(), page, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.On(t.Context(), page, "number")
		var last *drive.Stuck // nowhere to go from the page that says it is done
		if !errors.As(err, &last) || last.Status != http.StatusOK || last.Step != "consent" {
			t.Fatal(err)
		}
		return
	}
	t.Fatal("the page has nothing to press")
}

func publicKey(t *testing.T, certificate string) any {
	t.Helper()
	block, _ := pem.Decode([]byte(certificate))
	if block == nil {
		t.Fatal("not PEM")
	}
	known, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return known.PublicKey
}
