// Package oauth owns what the OAuth endpoints of several wires have in common (RFC 6749): reading a request's parameters, the form of a refusal, and the checks of a proof that
// need nothing but the request (RFC 7636, client_secret_basic).
//
// It never looks a service up, decides nothing about grants, and keeps nothing. Which errors a profile adds, and which sentences it prescribes, each wire says itself.
package oauth
