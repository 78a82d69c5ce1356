package app

import (
	"time"

	"chave/internal/core/credential"
)

// What no operator's choice may exceed: a slip in the settings must not quietly undo a protection.
const (
	mostFailures  = 100 // in a row, before a key can do nothing more (N7)
	longestCode   = 10 * time.Minute
	longestSignIn = 24 * time.Hour // without PIN and code asked again (N11)
)

// checkLimits reports the rules' numbers that protect nobody. p is the policy with defaults applied.
func (c PolicySettings) checkLimits(p credential.Policy, bad func(format string, args ...any)) {
	if p.PINTries < 1 || p.PINTries*(len(p.LockLadder)+1) > mostFailures {
		bad("policy.pin_tries: at least 1, and with every rung of lock_ladder at most %d wrong PINs in a row", mostFailures)
	}
	if p.CodeTries < 1 || p.CodeTries > mostFailures {
		bad("policy.otp_tries: 1 to %d", mostFailures)
	}
	for _, wait := range p.LockLadder {
		if wait <= 0 {
			bad("policy.lock_ladder: %s is no wait", wait)
		}
	}
	span := func(name string, v, most time.Duration) {
		if v < 0 || v > most {
			bad("policy.%s: %s is not between 0 and %s", name, v, most)
		}
	}
	span("otp_ttl", p.CodeTTL, longestCode)
	span("temp_pin_ttl", p.TemporaryPINTTL, 30*24*time.Hour) // a letter's (R2.09)
	span("sign_in_ttl", c.TransactionTTL, time.Hour)
	span("session_max", c.SessionMax, longestSignIn)
	span("session_idle", c.SessionIdle, longestSignIn)
	for name, n := range map[string]int{
		"codes_per_person": p.CodesPerPerson, "codes_per_address": p.CodesPerAddress, "history_days": c.HistoryDays,
		"grace_days_national": p.GraceNational, "grace_days_foreign": p.GraceForeign, "idle_revoke_months": p.IdleMonths,
	} {
		if n < 0 {
			bad("policy.%s: %d is below zero", name, n)
		}
	}
}
