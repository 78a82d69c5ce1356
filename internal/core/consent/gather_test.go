package consent_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"chave/internal/core/consent"
)

// source is a provider that does what a test says.
type source func(ctx context.Context, q consent.Query) (map[consent.Name]consent.Value, error)

func (f source) Fetch(ctx context.Context, q consent.Query) (map[consent.Name]consent.Value, error) {
	return f(ctx, q)
}

func after(d time.Duration, text string) source {
	return func(ctx context.Context, q consent.Query) (map[consent.Name]consent.Value, error) {
		select {
		case <-time.After(d):
			return map[consent.Name]consent.Value{q.Names[0]: {Text: text}}, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func TestA20_a_slow_a_failing_and_a_silent_source_cost_their_attributes_and_no_more_than_the_wait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var logged bytes.Buffer
		var mu sync.Mutex // sources are asked side by side
		outcomes := map[consent.Source]string{}
		deaf := make(chan struct{})
		s := &consent.Sources{
			Wait: 3 * time.Second, Limit: 30 * time.Second, Log: slog.New(slog.NewTextHandler(&logged, nil)),
			Count: func(source consent.Source, outcome string) {
				mu.Lock()
				defer mu.Unlock()
				outcomes[source] = outcome
			},
			Providers: map[consent.Source]consent.Provider{
				consent.AddressRegister: after(2500*time.Millisecond, "Rua do Exemplo 1"),
				consent.SocialSecurity:  after(time.Minute, "too late"),
				consent.Health: source(func(context.Context, consent.Query) (map[consent.Name]consent.Value, error) {
					return nil, errors.New("status 500")
				}),
				consent.CardIssuer: source(func(context.Context, consent.Query) (map[consent.Name]consent.Value, error) {
					<-deaf // does not keep to its context
					return nil, nil
				}),
				consent.TransportOffice: source(func(context.Context, consent.Query) (map[consent.Name]consent.Value, error) {
					panic("NIC 99410137")
				}),
			},
		}
		begun := time.Now()
		told := s.Gather(t.Context(), consent.Query{Names: []consent.Name{
			consent.NIC, consent.Address, consent.CardDetails, consent.Employment, consent.HealthScheme, consent.DrivingLicence, consent.Powers,
		}})
		if took := time.Since(begun); took != 3*time.Second {
			t.Errorf("took %s", took)
		}
		if len(told.Values) != 1 || told.Values[consent.Address].Text != "Rua do Exemplo 1" || len(told.Withheld) != 0 {
			t.Errorf("%+v", told)
		}
		for at, want := range map[consent.Source]string{
			consent.AddressRegister: "ok", consent.SocialSecurity: "late", consent.Health: "failed", consent.CardIssuer: "late",
			consent.TransportOffice: "failed", consent.PowersOfAttorney: "absent",
		} {
			if outcomes[at] != want {
				t.Errorf("%s counts as %q, want %q", at, outcomes[at], want)
			}
		}
		if strings.Contains(logged.String(), "99410137") {
			t.Error("a panic's words are in the log")
		}
		close(deaf)
	})
}

func TestAnnex_a_source_may_hold_back_all_or_some(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		told []consent.Name
		held []consent.Name
	}{
		{"all", consent.ErrWithheld, nil, []consent.Name{consent.Address}},
		{"one", consent.SomeWithheld{consent.Address, consent.NIC}, nil, []consent.Name{consent.Address}},
		{"another", consent.SomeWithheld{consent.Powers}, []consent.Name{consent.Address}, nil},
		{"none", nil, []consent.Name{consent.Address}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &consent.Sources{
				Wait: time.Second, Limit: time.Second, Log: slog.New(slog.DiscardHandler),
				Providers: map[consent.Source]consent.Provider{
					consent.AddressRegister: source(func(context.Context, consent.Query) (map[consent.Name]consent.Value, error) {
						v := map[consent.Name]consent.Value{consent.NIC: {Text: "not asked for"}}
						if len(c.told) > 0 {
							v[consent.Address] = consent.Value{Text: "Rua do Exemplo 1"}
						}
						return v, c.err
					}),
				},
			}
			told := s.Ask(t.Context(), consent.AddressRegister, consent.Query{Names: []consent.Name{consent.Address, consent.Employment}})
			if len(told.Values) != len(c.told) || !slices.Equal(told.Withheld, c.held) {
				t.Errorf("%+v", told)
			}
		})
	}
}

func TestA20_a_source_learns_the_parameters_of_its_own_attributes_only(t *testing.T) {
	var got consent.Query
	s := &consent.Sources{
		Wait: time.Second, Log: slog.New(slog.DiscardHandler),
		Providers: map[consent.Source]consent.Provider{consent.SocialSecurity: source(func(_ context.Context, q consent.Query) (map[consent.Name]consent.Value, error) {
			got = q
			return nil, nil
		})},
	}
	s.Gather(t.Context(), consent.Query{
		Names:  []consent.Name{consent.Employment, consent.Powers, consent.NIC},
		Params: map[string]string{"employment.SituacaoProfissional.NISSEE": "1", "powers.SCAP.Fornecedor": "OCC"},
	})
	if len(got.Names) != 1 || len(got.Params) != 1 || got.Params["employment.SituacaoProfissional.NISSEE"] != "1" {
		t.Errorf("%+v", got)
	}
}
