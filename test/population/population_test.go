package population

import (
	"testing"
	"time"

	"chave/internal/core/citizen"
)

func TestResidents_are_the_same_every_time_and_share_no_identifier(t *testing.T) {
	o := Options{Email: true, Today: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)}
	seen := map[citizen.Identifier]int{}
	for n := 0; n < 3000; n++ {
		r := Of(n, o)
		if again := Of(n, o); again.PIN != r.PIN || again.FullName() != r.FullName() {
			t.Fatalf("resident %d is somebody else the second time", n)
		}
		for _, id := range r.Identifiers() {
			if other, taken := seen[id]; taken {
				t.Fatalf("residents %d and %d share %v", other, n, id)
			}
			seen[id] = n
		}
		if r.OtherPIN(n) == r.PIN {
			t.Fatalf("resident %d would change a PIN to itself", n)
		}
	}
}
