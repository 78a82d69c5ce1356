// Package scmd speaks CMD's two SOAP signature services, SCMDService and the older CCMovelDigitalSignature, from one core (cmd-signature.md §1).
//
// It owns the wire only: envelopes, the contract that both services publish, HTTP Basic, the encrypted fields, the forms of hashes, the codes. What is signed, for whom and
// whether at all is core/signing's; no key of a person is ever near this package. It keeps no state between calls but rows that the store seals, so any node answers
// any call, and one counter per process that sheds floods.
//
// One table (contract.go) says which operations there are and what is in them. The reader, the dispatcher, the writer and the WSDL are all driven by it, so that what we
// publish is what we do.
//
// Reading is lenient, writing is exact: clients come from a dozen libraries, and some of them look for the literal prefixes that WCF writes. PIN, code, phone number and cipher
// text never reach a log, an answer or an error.
package scmd
