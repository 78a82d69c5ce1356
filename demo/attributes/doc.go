// Package attributes is the demonstration's stand-in for bodies that hold what Chave does not: an address register, the citizen card's issuer, social security and a
// health scheme for civil servants. One server has a door for each, /{source}/attributes, which speaks the contract of Chave's attribute sources.
//
// What it answers is derived from the made-up residents, the same each time, and belongs to nobody: places, streets, employers and postal codes do not exist. Each
// source can be told to be slow, silent or failing while it runs. By default social security is slow and the health scheme fails, so that a visitor sees what
// becomes of a sign-in then: it goes on. It keeps nothing of what it is asked.
package attributes
