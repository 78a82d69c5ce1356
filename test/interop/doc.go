// Package interop lets clients that we did not write sign in, refresh and sign out, so that what we call a standard is not only our reading of it:
// openid-client and oidc-client-ts (npm), Authlib (Python), coreos/go-oidc with x/oauth2, and lestrrat-go/jwx as a second opinion on signatures; over SAML
// node-saml (CMD's profile) and samlify (npm), crewjam/saml (Go) and mod_auth_mellon in an Apache (Debian), with xmllint and xmlsec1 as judges of every answer;
// at CMD's OAuth door a plain HTTP client, and at its QR door jwx again; at the SOAP doors for signatures zeep (Python) and soap (npm). Signed documents are judged
// by EU DSS, pdfsig, qpdf and mutool, detached signatures by OpenSSL and DSS, certificates, their status and time-stamps by OpenSSL and zlint.
//
//	make interop    all of it; npm packages come from the lock file in node/, Authlib, zeep, Apache, the SAML schemas and the judges
//	                of documents from Debian, DSS by Maven from dss/pom.xml
//
// Each client meets a demonstration or a server that the test starts on free ports; once it runs, they know of it only what docs/ promises to
// integrators. What our own parser and signer do is tested beside them; here only others judge.
package interop
