// Package interop lets clients that we did not write sign in, refresh and sign out, so that what we call a standard is not only our reading of it:
// openid-client and oidc-client-ts (npm), Authlib (Python), coreos/go-oidc with x/oauth2, and lestrrat-go/jwx as a second opinion on signatures.
//
//	make interop    all of it; npm packages come from the lock file in node/, Authlib from Debian
//
// Each client meets a demonstration or a server that the test starts on free ports; once it runs, they know of it only what docs/ promises to
// integrators. What our own parser and signer do is tested beside them; here only others judge.
package interop
