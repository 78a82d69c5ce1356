// Package saml is a service's half of SAML 2.0 web sign-in, for the relying parties of the demonstration: it asks, it reads answers, it signs out.
//
// It speaks both profiles that Chave answers: "fa", Portugal's own (its extensions, its attribute states), and "saml", the standard's web
// browser SSO. It stands on libraries that Chave did not write (goxmldsig, etree), so that the demonstration also shows that an ordinary
// service works; it shares no line with the server. It believes nothing but what lies under a signature of the certificates that Chave
// publishes, for this service, in answer to the request that was sent, by the demonstration's clock. It keeps no sessions.
package saml
