package app

import (
	"time"

	"chave/internal/core/certificate"
	"chave/internal/core/citizen"
	"chave/internal/core/enrol"
	"chave/internal/core/login"
	"chave/internal/core/signing"
)

// bindSigning has signing end in the commit that ends, replaces or revokes the key that signs in (R4.12), and lets a sign-in tell whether a key signs (R4.14). Both
// packages lie below signing and know nothing of it; the one transaction of the store has the methods of all.
func (a *App) bindSigning() {
	a.Login.CanSign = func(tx login.Tx, who citizen.ID, now time.Time) (bool, error) {
		return signing.Active(tx.(signing.Tx), who, now)
	}
	a.Login.Ended = func(tx login.Tx, who citizen.ID, now time.Time) error { // the message about the key says enough
		return a.endSigning(tx.(signing.Tx), signing.Ending{Person: who, At: now, Silent: true})
	}
	a.Enrol.Ended = func(tx enrol.Tx, who citizen.ID, now time.Time) error {
		return a.endSigning(tx.(signing.Tx), signing.Ending{Person: who, At: now, Actor: "system"})
	}
}

func (a *App) endSigning(tx signing.Tx, e signing.Ending) error {
	e.Reason, e.Rand = certificate.CessationOfOperation, a.rand
	return signing.EndOf(tx, e)
}
