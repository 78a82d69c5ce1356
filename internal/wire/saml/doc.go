// Package saml is an identity provider of SAML 2.0: the Web Browser SSO profile and Single Logout, for services that speak the standard and not Portugal's
// profile of it (package fasaml).
//
// It owns what is SAML's policy here: which requests are believed, what a service learns, how it learns it, and how a session ends. Messages, signatures
// and encryption are read and written by internal/format; sign-ins are run by core/login; pages belong to the application.
//
// # What it never does
//
// It never believes a request that its service did not sign, unless the registration says so; never SHA-1; never a key that a message brings along. It never
// answers to an address that is not registered. It has no extensions of CMD's, none of its keys and none of its sessions (blueprint §4.9). It never signs
// inside a transaction, and answers only once the sign-in is spent.
//
// # Who a person is
//
// A persistent NameID is the service's pairwise subject, the same text as its sub over OpenID Connect: a service that changes from one wire to the other, or uses
// both, goes on knowing its people, and services of two sectors cannot compare theirs. It is pairwise even where subject_type is public, because SAML wants it so
// (SAML core §8.3.7). A transient NameID is derived from session and service, so that it lives as long as a session does and a logout can name it again.
//
// # Logout
//
// A service's signed request ends Chave's session if it names the session of this very browser; then the browser visits the other SAML services of that session in
// turn, and comes back to the one that asked. A service that does not bring the browser back cannot be waited for: Chave's own session has ended by
// then, five minutes later what is left of the round is given up, and somebody who goes back a page is led on to the next service. Whatever was not confirmed
// is told as PartialLogout.
//
// When a session ends elsewhere, in the portal, through OpenID Connect or by its age, nothing reaches SAML services: over these bindings only the person's own
// browser could carry the word. They learn the latest end of the session with each answer (SessionNotOnOrAfter).
//
// Sources: SAML core, bindings, profiles and metadata (OASIS, 2005, with errata 05).
package saml
