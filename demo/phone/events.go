package phone

import (
	"net/http"
	"time"
)

// events is a stream that says "something changed" (server-sent events). It carries no message: the
// page loads itself again, so that what a visitor sees has one source only.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	changed, stop := s.inbox.watch()
	defer stop()
	stream := http.NewResponseController(w)
	// The server's write timeout is for pages; a stream stays open.
	_ = stream.SetWriteDeadline(time.Time{})
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if _, err := w.Write([]byte("retry: 2000\n\n")); err != nil || stream.Flush() != nil {
		return
	}
	// Something must pass now and then, or a vanished browser is never noticed.
	beat := time.NewTicker(20 * time.Second)
	defer beat.Stop()
	for {
		line := "event: changed\ndata:\n\n"
		select {
		case <-r.Context().Done():
			return
		case _, open := <-changed:
			if !open {
				return
			}
		case <-beat.C:
			line = ": still here\n\n"
		}
		if _, err := w.Write([]byte(line)); err != nil || stream.Flush() != nil {
			return
		}
	}
}
