// Package oidc speaks OpenID Connect 1.0 to the services: it parses and checks their requests, lets core/login prove the person, and turns the proof into
// codes and tokens.
//
//	authorize, par ─▶ request ─▶ login.Begin ─▶ (pages) ─▶ resume ─▶ login.Finish ─▶ code ─▶ token ─▶ userinfo
//
// One flow only: authorization code with PKCE (RFC 9700 B2, B3). What is handed out:
//
//	code            256 random bits, 60 seconds, once; a row of core/grant by digest
//	pushed request  the same, 90 seconds, once
//	access token    sealed by the keystore, opaque, 5 minutes; names its family, which is read at each use, so that logout and revocation work at once
//	refresh token   sealed likewise; names family and generation. A refresh is one row moved by compare-and-set; an earlier generation ends the family
//	ID token        a JWT signed by core/signkey, ES256 unless the service is registered for RS256
//
// A family is one agreement of one person with one service in one session. It holds, sealed, the values that the person agreed to share, as they were then.
//
// The package never decides who somebody is, keeps no state between requests but short caches, and answers only to addresses that the service registered.
package oidc
