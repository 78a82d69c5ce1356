// Package credential owns what proves that it is you: the PIN, the one-time code, the tries they may take, waits and blocks, and the life of
// the key they belong to (cmd-rules, section 3 and Annex B).
//
// A PIN is stored as argon2id(HMAC(keystore key, purpose ‖ pin ‖ person), salt): a thief with the whole database cannot even begin to guess.
// The package never sends anything, never decides what a service may learn, and never sees a database: it works on rows it is given.
package credential
