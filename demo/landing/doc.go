// Package landing is the demonstration's first page: the country in a box. A map with everything
// that runs, the made-up people as cards with what they type to sign in, what to try first and what
// to try then, and the clock.
//
// It is served by the phone under /country, on the tester's port, because it shows PINs: the
// product's own portal must never do that. It only shows; its two forms post to the tester's door.
package landing
