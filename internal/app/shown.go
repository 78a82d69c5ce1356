package app

import (
	"context"
	"sync"
	"time"

	"chave/internal/core/service"
)

// shownFor is how long a page may show a service as it was: its name at the top of a step, why it asks. What a service may do is read anew each time,
// inside the transaction that decides.
const shownFor = time.Second

// shown remembers services for pages. Five pages of every sign-in name the service.
type shown struct {
	read func(ctx context.Context, id string) (service.Service, error)

	mu  sync.Mutex
	all map[string]shownOne
}

type shownOne struct {
	service service.Service
	until   time.Time // real time: a demo's clock that is moved moves no page
}

// shownMost bounds the memory; past it all are forgotten, which costs a read each.
const shownMost = 1000

func newShown(read func(context.Context, string) (service.Service, error)) *shown {
	return &shown{read: read, all: map[string]shownOne{}}
}

// Service is the registration as it was at most a second ago.
func (s *shown) Service(ctx context.Context, id string) (service.Service, error) {
	now := time.Now()
	s.mu.Lock()
	one, ok := s.all[id]
	s.mu.Unlock()
	if ok && now.Before(one.until) {
		return one.service, nil
	}
	found, err := s.read(ctx, id)
	if err != nil {
		return found, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) >= shownMost {
		clear(s.all)
	}
	s.all[id] = shownOne{found, now.Add(shownFor)}
	return found, nil
}
