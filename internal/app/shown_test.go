package app

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"chave/internal/core/service"
)

func TestPages_show_a_service_as_it_was_at_most_a_second_ago(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reads, name, down := 0, "Tax", error(nil)
		s := newShown(func(_ context.Context, id string) (service.Service, error) {
			reads++
			return service.Service{Settings: service.Settings{ID: id, Name: service.Text{"pt": name}}}, down
		})
		shows := func(want string, wantReads int) {
			t.Helper()
			one, err := s.Service(t.Context(), "tax")
			if err != nil || one.Name.In("pt") != want || reads != wantReads {
				t.Fatalf("shows %q (%v) after %d reads, want %q after %d", one.Name.In("pt"), err, reads, want, wantReads)
			}
		}
		shows("Tax", 1)
		name = "Revenue"
		shows("Tax", 1)
		time.Sleep(shownFor) // the bubble's time
		shows("Revenue", 2)
		time.Sleep(shownFor)
		down = errors.New("the store does not answer")
		if _, err := s.Service(t.Context(), "tax"); err == nil {
			t.Error("an old registration hid that the store is down")
		}
	})
}
