// Package login owns one sign-in, from any wire to a verified person: its steps, the level it reaches, and the single sign-on session it leaves.
//
//	wire ── Begin ──▶ who ─▶ pin ─▶ code ─▶ (choose pin) ─▶ share ─▶ resume ── Finish ──▶ Verified
//	                   ▲             │wrong                   │
//	                   └─────────────┘                        └─ "no", at any step ─▶ resume ── Finish ──▶ refusal
//
// Transaction.Next is the only place that decides the next step, from stored state; pages show that step and nothing else, and never
// call each other. Each step is one compare-and-set on the transaction's row, so a double submit, a second tab or the back button finds the step passed.
// A Verified can be made only by Finish. The package sends nothing, renders nothing, knows no protocol.
package login
