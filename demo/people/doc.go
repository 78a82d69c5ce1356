// Package people holds the made-up residents of the demonstration as data: who they are, which
// documents and numbers they have, with which PIN they sign in, and what each of them shows.
//
// It owns the file people.yaml and its strict reader. It never decides who may have a key, never
// stores anything and never speaks to the product: the composition root feeds these people through
// the same registration a counter uses, and the demo's stand-in civil registry answers from them.
// PINs here are public on purpose; a server that is not a demonstration must refuse this data.
package people
