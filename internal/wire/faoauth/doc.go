// Package faoauth speaks the OAuth door of Portugal's Autenticação.Gov (cmd-authentication.md part 2), so that sites and programs which are integrated with it can be
// pointed here: the implicit flow, the attribute API in two steps and in one, refresh, and sign-in by QR code.
//
//	askauthorization ─▶ request ─▶ login.Begin ─▶ (pages) ─▶ resume ─▶ login.FinishNow ─▶ #access_token ─▶ attributemanager
//	qrcodeauthentication ─▶ waiting ◀─ (a phone: page/qr) ─▶ login ─▶ decision ─▶ the service's callback ─▶ resourcejwt.svc
//
// This is a door in the wall (blueprint §4.9, security.md §9): a token in an address, no client login, no PKCE. It opens only for services with the switch
// implicit_token. What passes here is worth little elsewhere:
//
//	access token    a random UUID, stored by digest; 300 s, or 86,400 s with the switch long_token. It reads, at the attribute API, what the person agreed to share
//	                with one service, and nothing else: no other endpoint of Chave takes it
//	refresh token   256 random bits, stored by digest, once; shown again it ends everything that came from the sign-in. Nothing outlives the sign-in by more than 30 days
//	session         the compat realm's, which the SAML door of the same profile shares and no modern request ever sees (core/login)
//
// A family (core/grant) is one agreement of one person with one service. It holds, sealed, what Chave itself knows of what was shared, as it was then. What other bodies
// hold is asked of them when the service comes for it, in the background, and is kept sealed until the token ends. A family here belongs to no session: the reference
// has tokens outlive the sign-out (§2.5). It ends when the person withdraws their consent, cancels the key or changes the PIN, and when the service revokes it.
//
// The package never decides who somebody is, sends no result to an address that is not registered, and logs neither queries nor what is in them.
package faoauth
