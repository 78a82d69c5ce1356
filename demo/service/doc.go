// Package service is a relying party of the demonstration: a made-up institution with its own face,
// and a real OpenID Connect client behind the button "sign in with your mobile key".
//
// One program serves all five; Config says which. It reaches Chave over HTTP only, through
// libraries that Chave did not write (go-oidc, oauth2), so that the demonstration also shows that
// an ordinary client works. It keeps sessions in memory and forgets them at exit. It never stores
// what it learned about a person and never looks behind the protocol.
//
// The flow: POST /signin → authorization endpoint (code, PKCE S256, state, nonce) → GET /callback
// (state, iss, code exchange, ID token, userinfo) → GET / shows what came. POST /signout ends the
// own session, then the one at Chave. POST /backchannel-logout ends it when Chave says so.
package service
