package message

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// ErrPermanent marks a delivery that trying again cannot mend: a number that does not exist, an address refused.
var ErrPermanent = errors.New("permanent delivery failure")

// Sender delivers one message. It returns an error that wraps ErrPermanent when trying again is useless.
// Delivery is at least once: the reply of a gateway can be lost, so ID lets a gateway drop the second copy.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// Dispatcher empties the outbox. Several may run, on several nodes: a lease keeps them apart.
type Dispatcher struct {
	Do      func(ctx context.Context, fn func(Tx) error) error
	Sender  Sender
	Now     func() time.Time
	Log     *slog.Logger
	Worker  string        // unique per process
	Batch   int           // messages leased at once
	Senders int           // deliveries at once
	Every   time.Duration // look at least this often, in real time
	Count   func(kind Kind, channel Channel, outcome string)

	wake chan struct{}
	once sync.Once
}

const (
	leaseFor  = 30 * time.Second
	lastTry   = 8
	firstWait = 2 * time.Second
)

func (d *Dispatcher) init() {
	d.once.Do(func() { d.wake = make(chan struct{}, 1) })
}

// Wake says that something was written. It never blocks.
func (d *Dispatcher) Wake() {
	d.init()
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// Run works until ctx ends.
func (d *Dispatcher) Run(ctx context.Context) {
	d.init()
	tick := time.NewTicker(d.Every)
	defer tick.Stop()
	for {
		// A batch that was begun is finished: a shutdown must not send a code late. Each delivery has a time limit of its own.
		n, err := d.Pass(context.WithoutCancel(ctx))
		if err != nil && ctx.Err() == nil {
			d.Log.ErrorContext(ctx, "outbox pass failed", "err", err)
		}
		if n == d.Batch && err == nil && ctx.Err() == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-d.wake:
		case <-tick.C:
		}
	}
}

// Pass delivers one batch and tells how many messages it handled.
func (d *Dispatcher) Pass(ctx context.Context) (int, error) {
	var batch []Message
	now := d.Now()
	err := d.Do(ctx, func(tx Tx) (err error) {
		batch, err = tx.LeaseMessages(d.Worker, d.Batch, now, now.Add(leaseFor))
		return err
	})
	if err != nil || len(batch) == 0 {
		return 0, err
	}
	done, retry := d.deliver(ctx, batch)
	return len(batch), d.Do(ctx, func(tx Tx) error {
		if err := tx.DoneMessages(d.Worker, done); err != nil {
			return err
		}
		for _, m := range retry {
			if err := tx.RetryMessage(d.Worker, m.ID, now.Add(firstWait<<m.Tries)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (d *Dispatcher) deliver(ctx context.Context, batch []Message) (done []string, retry []Message) {
	var (
		mu   sync.Mutex
		wg   sync.WaitGroup
		free = make(chan struct{}, max(1, d.Senders))
	)
	for _, m := range batch {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			again := d.one(ctx, m)
			mu.Lock()
			defer mu.Unlock()
			if again {
				retry = append(retry, m)
			} else {
				done = append(done, m.ID)
			}
		})
	}
	wg.Wait()
	return done, retry
}

// one delivers a message and tells whether it must be tried again. The log names kind and id, never the address or the text.
func (d *Dispatcher) one(ctx context.Context, m Message) (again bool) {
	outcome := "sent"
	defer func() {
		if d.Count != nil {
			d.Count(m.Kind, m.Channel, outcome)
		}
	}()
	if m.Kind == Nothing {
		outcome = "nothing"
		return false
	}
	if !m.NotAfter.IsZero() && d.Now().After(m.NotAfter) {
		outcome = "late"
		return false
	}
	err := d.Sender.Send(ctx, m)
	switch {
	case err == nil:
		return false
	case errors.Is(err, ErrPermanent) || m.Tries+1 >= lastTry:
		outcome = "abandoned"
		d.Log.WarnContext(ctx, "message abandoned", "id", m.ID, "kind", m.Kind, "tries", m.Tries+1, "err", err)
		return false
	}
	outcome = "retry"
	d.Log.WarnContext(ctx, "message will be tried again", "id", m.ID, "kind", m.Kind, "tries", m.Tries+1, "err", err)
	return true
}
