//go:build torture

package torture

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"chave/internal/core/service"
	"chave/test/drive"
)

const nameOfCitizens = "http://interop.gov.pt/MDC/Cidadao/NomeCompleto"

// usedPost is a request over SAML as it was posted, and the address at which its answer was asked for.
type usedPost struct {
	ask      drive.SAMLRequest
	taken    bool // the server went on with it
	browser  *drive.Browser
	at       *url.URL // of the answer; nil when it did not come so far
	answered bool
}

// overSAML makes a service up that signs its requests.
func (c *country) overSAML() (service.Settings, error) {
	key, certificate, err := drive.NewSAMLKey("torture.example", time.Now())
	c.saml = &drive.SAML{
		Issuer: "https://torture.example", ACS: "http://127.0.0.1:9/acs", Attributes: []string{nameOfCitizens, "http://interop.gov.pt/MDC/Cidadao/NIC"}, Level: 3, Key: key,
	}
	return service.Settings{
		ID: "over-saml", Name: service.Text{"pt": "Serviço SAML", "en": "SAML Service"}, RedirectURIs: []string{"http://127.0.0.1:9/callback"}, AuthMethod: service.NoAuth,
		Attributes: []service.Ask{{Name: "full_name"}, {Name: "nic"}},
		SAML:       &service.SAML{Wire: service.WireFA, Issuer: c.saml.Issuer, ACS: []string{c.saml.ACS}, Certificates: []string{certificate}},
	}, err
}

// cross is a whole sign-in over SAML.
func (w *worker) cross(ctx context.Context, h *holder) error {
	ask, err := w.c.saml.Ask(time.Now())
	if err != nil {
		return err
	}
	used := &usedPost{ask: ask}
	w.l.note(func(l *ledger) { l.posts = append(l.posts, used) })
	b := w.browser()
	w.l.decisive()
	page, err := w.c.saml.Begin(ctx, b, ask)
	if err != nil {
		return err
	}
	if used.taken = strings.HasPrefix(page.URL.Path, "/signin/"); !used.taken { // the database under the server is gone: it says so
		return fmt.Errorf("a request over SAML was answered %d at %s", page.Status, page.URL.Path)
	}
	walk := w.walk(h, b, func(u *url.URL) bool { return strings.HasPrefix(u.Path, "/fa/resume/") })
	at, err := walk.On(ctx, page, "authorize")
	if err != nil {
		return err
	}
	used.browser, used.at = b.Copy(), at
	w.l.decisive()
	if page, err = b.Get(ctx, at); err != nil {
		return err
	}
	doc, err := w.c.saml.Answer(page, ask)
	if err != nil {
		return err
	}
	used.answered = true
	if got := drive.AttributeIn(doc, nameOfCitizens); !strings.EqualFold(got, h.FullName()) {
		return fmt.Errorf("the answer over SAML names somebody else")
	}
	w.l.note(func(l *ledger) {
		l.total.signIns++
		if !h.agreed["over-saml"] {
			h.agreed["over-saml"] = true
			l.total.consents++
		}
	})
	return nil
}

// replayPost posts a request again, and asks for its answer again: each may be had once, before the kill or after it.
func (w *worker) replayPost(ctx context.Context, p *usedPost) error {
	taken, answered := 0, 0
	if p.taken {
		taken = 1
	}
	if p.answered {
		answered = 1
	}
	for range 2 {
		page, err := w.c.saml.Begin(ctx, w.browser(), p.ask)
		if err != nil {
			return err
		}
		if _, err := w.c.saml.Answer(page, p.ask); err == nil {
			return errors.New("a request over SAML was answered without anybody signing in")
		}
		if strings.HasPrefix(page.URL.Path, "/signin/") {
			taken++
		}
		if p.at == nil {
			continue
		}
		b := p.browser.Copy()
		if page, err = b.Get(ctx, p.at); err != nil {
			return err
		}
		if _, err := w.c.saml.Answer(page, p.ask); err == nil {
			answered++
		}
	}
	switch {
	case taken > 1:
		return errors.New("a request over SAML was taken twice")
	case answered > 1:
		return errors.New("an answer over SAML was given twice")
	}
	return nil
}
