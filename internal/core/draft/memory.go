package draft

import (
	"context"

	"chave/internal/core/fault"
)

// Memory bounds how many bytes of documents this process holds whole at a time: reading a PDF takes several times its size, and a dozen people with large ones must not
// be the end of everybody else's sign-in.
type Memory struct {
	slots chan struct{}
	turn  chan struct{} // one at a time collects slots, or two halves could wait for each other
}

// slot is the grain of Memory, in bytes.
const slot = 4 << 20

// NewMemory makes room for so many bytes of documents.
func NewMemory(bytes int64) *Memory {
	return &Memory{slots: make(chan struct{}, max(1, bytes/slot)), turn: make(chan struct{}, 1)}
}

// Take waits for room and returns what gives it back. A document larger than all of it gets all of it. fault.StoreUnavailable when the wait was ended.
func (m *Memory) Take(ctx context.Context, bytes int64) (done func(), err error) {
	want := int(min(bytes/slot+1, int64(cap(m.slots))))
	gone := func(n int) {
		for range n {
			<-m.slots
		}
	}
	select {
	case m.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, fault.New(fault.StoreUnavailable).Because(ctx.Err())
	}
	defer func() { <-m.turn }()
	for have := range want {
		select {
		case m.slots <- struct{}{}:
		case <-ctx.Done():
			gone(have)
			return nil, fault.New(fault.StoreUnavailable).Because(ctx.Err())
		}
	}
	return func() { gone(want) }, nil
}
