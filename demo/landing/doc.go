// Package landing is the demonstration's first page: the country in a box. A map with everything
// that runs, the made-up people as cards with what they type to sign in, what to try first and what
// to try then, and the clock.
//
// Beside it is the page for integrators: for each service, exactly what goes into a client's configuration for each protocol.
//
// It is served by the phone under /country and /integrate, on the tester's port, because it shows PINs and keys: the
// product's own portal must never do that. It only shows; its forms post to the tester's door.
package landing
