// Package csc speaks the Cloud Signature Consortium's API, version 2 (2.0.0.2, with what 2.1 and 2.2 added to info and to authorization details), to services that
// want a person's signature.
//
//	scope service     authorize, par ─▶ login.Begin ─▶ (sign-in pages) ─▶ code ─▶ token ─▶ credentials/list, credentials/info
//	scope credential  authorize, par ─▶ /sign/authorize/{id} (PIN and code on our page) ─▶ Confirmed ─▶ code ─▶ token = SAD ─▶ signHash, signDoc
//	explicit          token of scope service ─▶ credentials/authorize (PIN) ─▶ code to the person ─▶ credentials/authorize (code) ─▶ SAD ─▶ signHash, signDoc
//
// Explicit authorization shows a service the PIN, so it is open only to registrations with csc.explicit and the switch collects_pin (security.md §9, T5).
//
// What is handed out, all of it rows of core/grant by digest:
//
//	pushed request  256 random bits, 90 seconds, once
//	hand-over       what our page asks the person; ten minutes, once, and its answer returns only through the browser that brought it
//	code            256 random bits, 60 seconds, once
//	access token    256 random bits, scope service, 15 minutes; names its family, which is read at each use: sign-out and revocation work at once
//	refresh token   the same, once; a second use ends the family (B6)
//	SAD             the handle of core/signing's permit. What it was given for (service, session, credential) lies under its digest and is checked before
//	                core/signing is asked, which checks it all again with the digests (T2) and spends it by compare-and-set (T3)
//
// Every authorization names every digest that the key will sign: there is no other kind here (SCAL2).
//
// The package never sees a private key, never decides who somebody is, keeps no state between requests, and answers only to addresses that the service registered.
package csc
