// Package registry asks the civil registry about one identity document and its holder, over HTTP. It implements
// enrol.Registry.
//
// A registry that is silent, slow, down, or answers anything but what is written here gives fault.RegistryUnavailable: "cannot
// decide now", never yes and never no (R2.07, security.md A20). Even a plain 404 is that, for it may come from a proxy in
// front of a registry that would have known the person.
//
// # The contract
//
// One call, POST {base}/lookup, JSON in UTF-8 both ways, with a secret that both sides hold:
//
//	POST /lookup HTTP/1.1
//	Authorization: Bearer SECRET
//	Content-Type: application/json
//
//	{"document_type": "citizen_card", "country": "PRT", "number": "994101376ZZ0", "birth_date": "1987-03-14"}
//
//	document_type  citizen_card, identity_card, passport, residence_permit or residence_card
//	country        issuing state, ISO 3166-1 alpha-3
//	number         capital letters and digits, no separators
//	birth_date     YYYY-MM-DD, as printed on the document; a registry may answer not_found when it does not fit, so that
//	               numbers cannot be tried, or show its own date, which core then points out
//
// The answer has status 200 and Content-Type application/json whatever the registry found; every other status means
// that it could not look.
//
//	{"status": "not_found"}      it knows such documents, but not this one
//	{"status": "not_covered"}    no registry here knows such documents: one issued by another state, never one issued by Portugal
//	{"status": "found", "person": {
//	    "given_names": "Marta Sofia", "surnames": "Exemplo Silva",
//	    "birth_date": "1987-03-14", "nationality": "PRT",
//	    "nic": "99410137", "nif": "399410139", "niss": "19994201733", "nsns": "999430217",
//	    "document": {"expires": "2029-11-23", "state": "valid", "lifetime": false},
//	    "standing": {"accompanied": "no", "deceased": false, "as_of": "2026-11-23T15:04:05Z"}}}
//
//	given_names, surnames  one of them may be empty, for people with a single name
//	nic, nif, niss, nsns   empty or absent when the registry knows none; check digits hold
//	document.expires       YYYY-MM-DD; empty or absent if, and only if, lifetime is true
//	document.state         valid, cancelled_lost, expired or unknown (R1.31)
//	standing.accompanied   yes, no or unknown: a measure that limits the act (R1.04)
//	standing.as_of         RFC 3339 time, or YYYY-MM-DD, when this was true; not in the future
//
// Members in another case, repeated, unknown or missing make the whole answer worthless, and so does one beyond 64 KiB:
// both sides change together. For a card that carries a NIC, person.nic is that NIC, which guards against an answer
// to another question.
//
// The package keeps nothing, tries nothing twice, follows no redirects, and puts nothing about a person into errors or logs.
package registry
