package app

import (
	"strings"
	"testing"
	"time"
)

func TestN5_N7_settings_that_would_undo_a_limit_are_refused(t *testing.T) {
	for _, one := range []struct {
		name   string
		change func(*PolicySettings)
		names  string // the setting that the refusal must name
	}{
		{"N5 a code that lives longer than ten minutes", func(p *PolicySettings) { p.CodeTTL = 11 * time.Minute }, "otp_ttl"},
		{"a code that has always ended", func(p *PolicySettings) { p.CodeTTL = -time.Second }, "otp_ttl"},
		{"N7 more than a hundred failures in a row", func(p *PolicySettings) { p.PINTries = 101 }, "pin_tries"},
		{"N7 a ladder that allows more than a hundred", func(p *PolicySettings) { p.PINTries, p.LockLadder = 30, make([]time.Duration, 3) }, "pin_tries"},
		{"tries below zero", func(p *PolicySettings) { p.PINTries = -1 }, "pin_tries"},
		{"more than a hundred codes in a row", func(p *PolicySettings) { p.CodeTries = 101 }, "otp_tries"},
		{"codes below zero", func(p *PolicySettings) { p.CodeTries = -1 }, "otp_tries"},
		{"a wait below zero", func(p *PolicySettings) { p.LockLadder = []time.Duration{time.Minute, -time.Minute} }, "lock_ladder"},
		{"a session without end", func(p *PolicySettings) { p.SessionMax = 48 * time.Hour }, "session_max"},
		{"N11 a session that never idles out", func(p *PolicySettings) { p.SessionIdle = 25 * time.Hour }, "session_idle"},
		{"history below zero", func(p *PolicySettings) { p.HistoryDays = -1 }, "history_days"},
		{"a temporary PIN that has always ended", func(p *PolicySettings) { p.TemporaryPINTTL = -1 }, "temp_pin_ttl"},
	} {
		t.Run(one.name, func(t *testing.T) {
			var s Settings
			one.change(&s.Policy)
			if err := s.Check(); err == nil || !strings.Contains(err.Error(), "policy."+one.names+":") {
				t.Fatalf("the refusal does not name policy.%s: %v", one.names, err)
			}
		})
	}
	t.Run("the defaults, and the demo's, are fine", func(t *testing.T) {
		var s Settings
		s.Policy.CodesPerPerson, s.Policy.CodesPerAddress = 20, 200
		if err := s.Check(); err != nil && strings.Contains(err.Error(), "policy.") {
			t.Fatal(err)
		}
	})
}
