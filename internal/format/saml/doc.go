// Package saml knows the messages of SAML 2.0 web sign-in: how they travel (POST, Redirect), what they hold, and the metadata that
// describes who sends them.
//
// It owns names, times, ids, encodings, the parsed form of requests and of logout messages, the signature of the Redirect binding, and metadata both ways. It is
// pure and has no policy: whether an issuer is registered, an instant too old, a consumer URL allowed or an algorithm
// good enough is for the wires, which share this package.
//
// The order that keeps a message honest: decode, [xmldsig.Parse], [xmldsig.Verify], and only then the Parse functions here, on the root
// that verification returned. Messages are read by namespace and name, never by position or prefix.
//
// Sources: SAML core, bindings, profiles and metadata (OASIS, 2005, with errata 05); cmd-authentication §1.2, §1.4 and §1.8
// for what Portuguese services really send.
package saml
