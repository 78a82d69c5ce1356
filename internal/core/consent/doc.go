// Package consent owns who may learn what: the catalogue of attributes, which documents can supply each, and the record of what a person
// agreed to share with whom.
//
// One catalogue serves every wire; how a wire spells an attribute is the wire's own table. The package never sends a value anywhere.
package consent
