package draft

import (
	"context"
	"testing"

	"chave/internal/core/fault"
)

func TestMemory_is_lent_and_given_back(t *testing.T) {
	m, ctx := NewMemory(3*slot), context.Background()
	one, err := m.Take(ctx, slot) // two slots: it does not fit into one
	if err != nil {
		t.Fatal(err)
	}
	over, stop := context.WithCancel(ctx)
	stop()
	for range 5 { // whoever gave up holds nothing
		if _, err := m.Take(over, 2*slot); !fault.Is(err, fault.StoreUnavailable) {
			t.Fatal(err)
		}
	}
	one()
	all, err := m.Take(ctx, 100*slot)
	if err != nil {
		t.Fatal(err)
	}
	all()
	if len(m.slots) != 0 {
		t.Errorf("%d slots are still taken", len(m.slots))
	}
}
