package credential

import (
	"crypto/rand"
	"testing"
	"testing/synctest"
)

// keyless answers at once, so that the only wait is for a place.
type keyless struct{}

func (keyless) CurrentKey() string { return "k" }

func (keyless) MACWith(string, string, ...[]byte) ([]byte, error) { return make([]byte, 32), nil }

func TestA6_a_flood_of_PINs_waits_for_a_place_instead_of_taking_memory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := Hasher{Vault: keyless{}, Rand: rand.Reader, Policy: Policy{Argon2MemKB: 8}.Defaults(), Slots: NewSlots(1)}
		h.Slots <- struct{}{} // somebody is hashing
		done := make(chan error, 1)
		go func() {
			_, err := h.Hash(PIN{"274951"}, "p")
			done <- err
		}()
		synctest.Wait()
		if len(done) > 0 {
			t.Fatal("a second hash was computed beside the first")
		}
		<-h.Slots
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
}
