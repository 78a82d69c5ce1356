// Package citizen owns what a person is to Chave: a random internal id, names, identity documents, sector numbers, contacts
// and standing (age, capacity, death).
//
// Everything else about a person is found through this id; documents, numbers, phones and e-mails are only identifiers of it (blueprint §4.5).
// The package never stores, never asks a registry and never decides who may have a key: that is enrol's.
package citizen
