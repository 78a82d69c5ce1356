package oidc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/random"
	"chave/internal/core/service"
)

// NoticeTx is what a transaction must offer to deliver notices.
type NoticeTx interface {
	Service(id string) (service.Service, error)
	LeaseLogoutNotices(worker string, n int, now, until time.Time) ([]login.LogoutNotice, error)
	DoneLogoutNotice(worker, id string) error
	RetryLogoutNotice(worker, id string, at time.Time) error
}

// Notifier tells services, directly, that a session has ended (back-channel logout 1.0). Several may run, on several nodes: a lease keeps them apart.
type Notifier struct {
	Provider *Provider
	Do       func(ctx context.Context, fn func(NoticeTx) error) error
	// Client delivers. Its transport decides which addresses can be reached at all; redirects are never followed.
	Client *http.Client
	Worker string        // unique per process
	Every  time.Duration // how often to look, in real time; 1 second

	wake chan struct{}
	once sync.Once
}

const (
	noticeBatch   = 16
	noticeLease   = time.Minute
	noticeTimeout = 5 * time.Second
	noticeTries   = 8
	noticeWait    = 2 * time.Second // doubled at each try: the last one comes after about four minutes
	logoutLife    = 2 * time.Minute // of a logout token (§4)
	logoutEvent   = "http://schemas.openid.net/event/backchannel-logout"
)

func (n *Notifier) init() {
	n.once.Do(func() { n.wake = make(chan struct{}, 1) })
}

// Wake says that a session may have ended. It never blocks.
func (n *Notifier) Wake() {
	n.init()
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends.
func (n *Notifier) Run(ctx context.Context) {
	n.init()
	tick := time.NewTicker(or(n.Every, time.Second))
	defer tick.Stop()
	for {
		done, err := n.Pass(ctx)
		if err != nil && ctx.Err() == nil {
			n.Provider.Log.ErrorContext(ctx, "logout notices could not be handled", "err", err)
		}
		if err == nil && done == noticeBatch {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-n.wake:
		case <-tick.C:
		}
	}
}

func or(d, fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return d
}

// Pass delivers one batch and tells how many notices it handled.
func (n *Notifier) Pass(ctx context.Context) (int, error) {
	var batch []login.LogoutNotice
	services := map[string]service.Service{}
	now := n.Provider.Now()
	err := n.Do(ctx, func(tx NoticeTx) (err error) {
		if batch, err = tx.LeaseLogoutNotices(n.Worker, noticeBatch, now, now.Add(noticeLease)); err != nil {
			return err
		}
		for _, notice := range batch {
			s, err := tx.Service(notice.Service)
			if err != nil && !fault.Is(err, fault.ServiceUnknown) {
				return err
			}
			services[notice.Service] = s
		}
		return nil
	})
	if err != nil || len(batch) == 0 {
		return 0, err
	}
	results := make([]error, len(batch))
	var wg sync.WaitGroup
	for i, notice := range batch {
		wg.Go(func() { results[i] = n.deliver(ctx, services[notice.Service], notice) })
	}
	wg.Wait()
	return len(batch), n.Do(context.WithoutCancel(ctx), func(tx NoticeTx) error {
		for i, notice := range batch {
			if n.final(ctx, notice, results[i]) {
				err = tx.DoneLogoutNotice(n.Worker, notice.ID)
			} else {
				err = tx.RetryLogoutNotice(n.Worker, notice.ID, now.Add(noticeWait<<notice.Tries))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// errDeaf says that a service refused the notice, which trying again cannot mend.
var errDeaf = errors.New("the service refused the logout token")

// final tells whether a notice is dealt with, one way or the other.
func (n *Notifier) final(ctx context.Context, notice login.LogoutNotice, err error) bool {
	if err == nil {
		return true
	}
	last := errors.Is(err, errDeaf) || notice.Tries+1 >= noticeTries
	level, what := slog.LevelInfo, "logout notice will be tried again"
	if last {
		level, what = slog.LevelWarn, "logout notice abandoned"
	}
	n.Provider.Log.Log(ctx, level, what, "service", notice.Service, "tries", notice.Tries+1, "err", err)
	return last
}

// deliver posts a logout token (§2.5). 200 is success, and 204 is taken for one; 400 means that the service will never take it.
func (n *Notifier) deliver(ctx context.Context, s service.Service, notice login.LogoutNotice) error {
	if s.BackchannelLogoutURI == "" || s.FirstParty {
		return nil
	}
	token, err := n.Provider.logoutToken(ctx, s, notice)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, noticeTimeout)
	defer cancel()
	body := url.Values{"logout_token": {token}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.BackchannelLogoutURI, strings.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: %w", errDeaf, err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := *n.Client
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 4<<10)) // so that the connection can be used again
	switch {
	case resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusNoContent:
		return nil
	case resp.StatusCode == http.StatusBadRequest:
		return errDeaf
	}
	return fmt.Errorf("the service answered %s", resp.Status)
}

// logoutToken is §2.4: it names person and session in the service's own words, and has no nonce.
func (p *Provider) logoutToken(ctx context.Context, s service.Service, notice login.LogoutNotice) (string, error) {
	subject, err := p.subject(s, notice.Person)
	if err != nil {
		return "", err
	}
	sid, err := p.sid(s.ID, notice.Session)
	if err != nil {
		return "", err
	}
	now := p.Now()
	return p.sign(ctx, s.IDTokenAlg, typeLogout, map[string]any{
		"iss": p.Issuer, "aud": s.ID, "sub": subject, "sid": sid, "iat": now.Unix(), "exp": now.Add(logoutLife).Unix(),
		"jti": random.ID(p.Rand), "events": map[string]any{logoutEvent: struct{}{}},
	})
}

// Algorithms lists what services are registered for, for signkey.Service.Wanted.
func (p *Provider) Algorithms(ctx context.Context) ([]string, error) {
	var algs []string
	err := p.View(ctx, func(tx Tx) error {
		algs = nil
		all, err := tx.Services()
		for _, s := range all {
			if s.IDTokenAlg != "" {
				algs = append(algs, s.IDTokenAlg)
			}
		}
		return err
	})
	return algs, err
}
