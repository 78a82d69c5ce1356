// Package civilregistry stands in for the civil registry: a server with its own records that the
// counter's software asks whether a document exists and whose it is.
//
// It knows the made-up people's Portuguese documents (citizen cards, identity cards, residence
// permits and cards) with the numbers the State keeps about them, and whether they live and act for
// themselves. It does not know foreign passports and says so: not_covered is not not_found. It can
// be told to be slow, silent, down or to talk nonsense, because "the registry did not answer" must
// never become "yes". It changes nothing and knows nothing about keys.
package civilregistry
