package consent

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// Sources asks sources within time limits. A source that is slow, fails or stays silent costs a service that attribute and nothing else: no sign-in waits longer
// than Wait for it, and none fails because of it (A20). A nil *Sources has none.
type Sources struct {
	Providers map[Source]Provider
	// Wait is how long a sign-in waits for all sources together; Limit how long one question may take when nobody waits for it.
	Wait, Limit time.Duration
	Log         *slog.Logger
	// Count is told of each question's outcome: "ok", "withheld", "failed", "late", "absent"; it may be called from several goroutines at once, and may be nil.
	Count func(source Source, outcome string)
}

// Told is what sources said.
type Told struct {
	Values   map[Name]Value
	Withheld []Name
}

// Has tells whether a source is plugged in.
func (s *Sources) Has(source Source) bool { return s != nil && s.Providers[source] != nil }

// Gather asks every source that holds any of q's names, side by side, and returns what came within Wait.
func (s *Sources) Gather(ctx context.Context, q Query) Told {
	all := Told{Values: map[Name]Value{}}
	if s == nil {
		return all
	}
	ctx, cancel := context.WithTimeout(ctx, s.Wait)
	defer cancel()
	var (
		mu   sync.Mutex
		work sync.WaitGroup
	)
	for _, source := range SourcesOf(q.Names) {
		work.Go(func() {
			told := s.ask(ctx, source, q)
			mu.Lock()
			defer mu.Unlock()
			for name, v := range told.Values {
				all.Values[name] = v
			}
			all.Withheld = append(all.Withheld, told.Withheld...)
		})
	}
	work.Wait()
	return all
}

// Ask asks one source and waits up to Limit, for callers whose service comes back later.
func (s *Sources) Ask(ctx context.Context, source Source, q Query) Told {
	if s == nil {
		return Told{}
	}
	ctx, cancel := context.WithTimeout(ctx, s.Limit)
	defer cancel()
	return s.ask(ctx, source, q)
}

// ask returns no later than ctx ends, also when the provider does not keep to that.
func (s *Sources) ask(ctx context.Context, source Source, q Query) Told {
	q.Names = NamesOf(source, q.Names)
	q.Params = paramsFor(q.Names, q.Params)
	provider := s.Providers[source]
	if provider == nil {
		s.count(source, "absent")
		return Told{}
	}
	type outcome struct {
		values map[Name]Value
		err    error
	}
	done := make(chan outcome, 1)
	go func() {
		defer func() {
			if recover() != nil { // the cause may quote what was being read
				done <- outcome{err: errors.New("provider panicked")}
			}
		}()
		values, err := provider.Fetch(ctx, q)
		done <- outcome{values, err}
	}()
	var got outcome
	select {
	case got = <-done:
	case <-ctx.Done():
		got.err = ctx.Err()
	}
	var some SomeWithheld
	switch {
	case errors.As(got.err, &some):
	case errors.Is(got.err, ErrWithheld):
		s.count(source, "withheld")
		return Told{Withheld: q.Names}
	case errors.Is(got.err, context.DeadlineExceeded), errors.Is(got.err, context.Canceled):
		s.count(source, "late")
		s.Log.WarnContext(ctx, "source did not answer in time", "source", source)
		return Told{}
	case got.err != nil:
		s.count(source, "failed")
		s.Log.WarnContext(ctx, "source failed", "source", source, "err", got.err)
		return Told{}
	}
	if len(some) > 0 {
		s.count(source, "withheld")
	} else {
		s.count(source, "ok")
	}
	told := Told{Values: map[Name]Value{}}
	for _, name := range q.Names { // what was not asked for is not taken
		if v, there := got.values[name]; there && v.Text != "" {
			told.Values[name] = v
		} else if slices.Contains(some, name) {
			told.Withheld = append(told.Withheld, name)
		}
	}
	return told
}

// paramsFor keeps the parameters of a source's own attributes.
func paramsFor(names []Name, all map[string]string) map[string]string {
	its := map[string]string{}
	for key, value := range all {
		attribute, _, _ := strings.Cut(key, ".")
		if slices.Contains(names, Name(attribute)) {
			its[key] = value
		}
	}
	return its
}

func (s *Sources) count(source Source, outcome string) {
	if s.Count != nil {
		s.Count(source, outcome)
	}
}
