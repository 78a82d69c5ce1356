// Package enrol owns a registration case: evidence → decision → key (cmd-rules sections 1 and 2.2).
//
//	document ─▶ (attest) ─▶ contacts ─▶ numbers ─▶ issued ─▶ first sign-in done
//	    └────────┴─ refused, with the reason
//
// It decides who may have a key and says why not; a registry that is silent means "cannot decide now", never yes. The system chooses the temporary PIN, never a clerk (R2.09).
// The package never reads a document itself, never checks what the operator saw with their own eyes, and never lets a case be worked on by another operator.
package enrol
