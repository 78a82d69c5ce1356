package faoauth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/service"
)

const (
	deliverTries   = 7 // the last one comes two minutes after the first
	deliverTimeout = 5 * time.Second
)

// decisionClaims is what the JWT of a decision says; expires_in is a text (§2.7.2).
type decisionClaims struct {
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Expires string `json:"expires_in"`
}

// decision is what a service is told (§2.7.2).
type decision struct {
	Result   result `json:"result"`
	Number   string `json:"requestNumber"`
	JWT      string `json:"jwt,omitempty"`
	Validity string `json:"validity"`
}

// decide tells the service in the background how a person decided.
//
// The decision is delivered by the process that took it, with a handful of tries over two minutes, and is not queued on disk: it carries a token that lives minutes, the
// reference promises nothing of delivery, and a service that heard nothing offers a new code when its own deadline has passed. A queue that outlives a restart
// would hand tokens to screens that nobody looks at any more.
func (p *Provider) decide(ctx context.Context, w waiting, number string, yes bool, made *tokens) error {
	d := decision{Number: number, Validity: w.Validity, Result: result{Code: "AUTH_REFUSED", Description: "the person said no", Message: "the person said no"}}
	if d.Validity == "" {
		d.Validity = "null"
	}
	if yes {
		d.Result = result{Code: "AUTH_ACCEPTED", Description: "the person said yes", Message: "the person said yes"}
		if w.Kind == kindAllow { // question 5.31
			d.Result.Code = "ACCEPTED"
		}
		var err error
		claims := decisionClaims{Access: made.access, Type: "bearer", Expires: strconv.Itoa(int(made.life.Seconds()))}
		if d.JWT, err = p.sign(ctx, claims); err != nil {
			return err
		}
	}
	body, err := json.Marshal(d) //nolint:gosec // it goes to the service that the token is for
	if err != nil {
		return err
	}
	if !p.sending.try() {
		p.Log.ErrorContext(ctx, "decision not delivered: too many are out", "wire", wireQR, "service", w.Service, "code", fault.TooManyRequests)
		return nil
	}
	p.work.Go(func() {
		defer p.sending.free()
		p.deliver(context.WithoutCancel(ctx), w, body)
	})
	return nil
}

// errDeaf says that trying again cannot mend it.
var errDeaf = errors.New("the service refused the decision")

func (p *Provider) deliver(ctx context.Context, w waiting, body []byte) {
	wait := p.Times.Retry
	for try := 1; ; try++ {
		err := p.post(ctx, w, body)
		if err == nil {
			return
		}
		if errors.Is(err, errDeaf) || try == deliverTries {
			p.Log.WarnContext(ctx, "decision not delivered", "wire", wireQR, "service", w.Service, "tries", try, "err", err)
			return
		}
		time.Sleep(wait)
		wait *= 2
	}
}

// post delivers once. The registration is read again: an address that was taken out of it in the meantime hears nothing.
func (p *Provider) post(ctx context.Context, w waiting, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, deliverTimeout)
	defer cancel()
	var s service.Service
	err := p.View(ctx, func(tx Tx) (err error) {
		s, err = tx.Service(w.Service)
		return err
	})
	if err != nil {
		return err
	}
	if !p.opens(s) || !p.mayCallBack(s, w.Callback) {
		return fmt.Errorf("%w: its address is no longer registered", errDeaf)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.Callback, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: %w", errDeaf, err)
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	client := http.Client{}
	if p.Client != nil {
		client = *p.Client
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 4<<10)) // so that the connection can be used again
	switch {
	case resp.StatusCode >= 200 && resp.StatusCode < 300:
		return nil
	case resp.StatusCode >= 400 && resp.StatusCode < 500 && resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusRequestTimeout:
		return errDeaf
	}
	return fmt.Errorf("the service answered %d", resp.StatusCode)
}
