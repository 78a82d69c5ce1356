// Package attribute asks one source for attributes that Chave does not hold, over HTTP. It implements consent.Provider; a deployment has one client for each
// source that it plugs in.
//
// A source that is silent, slow, down, or answers anything but what is written here costs its attributes and nothing else: core/consent turns every error into "no
// value now". The package keeps nothing, follows no redirects, tries once more only when the connection was refused (so nothing was said yet), and puts nothing about
// a person into errors or logs.
//
// # The contract
//
// One call, POST {base}/attributes, JSON in UTF-8 both ways, with a secret that both sides hold. It carries what the original's supplier side does (cmd-authentication.md,
// Annex): a number, whom it is about, which service will learn the answer, which attributes.
//
//	POST /attributes HTTP/1.1
//	Authorization: Bearer SECRET
//	Content-Type: application/json
//
//	{"number": "c3m…", "service": "hospital", "identifiers": {"nic": "99410137"}, "birth_date": "1987-03-14",
//	 "attributes": ["address"], "params": {}}
//
//	number       of this question, random: for the source's own record, and repeated in the answer
//	service      id of the service that will learn the answer; the source may answer not_permitted because of it
//	identifiers  nic, nif, niss, nsns: only those that the source is configured to be sent and the person has
//	birth_date   YYYY-MM-DD, only if configured
//	attributes   names of core/consent's catalogue, all of one source
//	params       attribute.SPELLING.KEY → value, as services wrote them; see consent.ParamsOf
//
// The answer has status 200 and Content-Type application/json whatever was found; every other status means that the source could not look.
//
//	{"number": "c3m…", "results": [{"name": "address", "result": "available", "text": "Rua do Exemplo 1, 1000-001 Lisboa",
//	 "parts": {"MoradaXML": "<Morada …>", "Distrito": "Lisboa"}}]}
//
//	result  available, not_available or not_permitted: the three of the original. text and parts only with the first
//	text    what a person would read, in one line of at most 2,000 letters
//	parts   what services get under the name's last part (cmd-authentication.md §1.9): dates YYYY-MM-DD, XML compact without declaration
//
// A name may be left out, which is not_available. Members repeated or unknown, names that were not asked for or come twice, another number, text that XML cannot
// carry, XML that is not well-formed or has a document type, and anything beyond 256 KiB make the whole answer worthless: both sides change together.
package attribute
