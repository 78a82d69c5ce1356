// Package xmldsig reads XML that strangers send, verifies the one signature such a document may carry, and signs ours.
//
// It owns three things: the strict reader ([Parse]), verification ([Verify]) and signing ([Signer]), all for enveloped signatures over a whole
// document, as SAML uses them. It is pure: bytes in, bytes out, no clock, no randomness of its own, no trust. Which keys may have
// signed is the caller's to say; what a message means is package saml's.
//
// # Why wrapping does not work here
//
// Signature wrapping lets a verifier check one element and an application read another. Here there is nothing to read besides
// what was checked: the whole tree holds exactly one Signature, a direct child of the root, with exactly one reference, to the root's own ID, which no
// other attribute of the tree repeats; transforms and algorithms come from a short list; and [Verified.Root] is parsed anew from the very
// octets that were hashed, so a field that was not signed does not exist in it.
//
// # What is never accepted
//
// DTDs, entities but the five, processing instructions, encodings but UTF-8, XML 1.1. Comments: one in the middle of a text
// has split what one program reads from what another signed, and no SAML client sends any, so [Parse] refuses them rather than
// pick one of the two readings; only a reader of files kept by people, such as metadata, asks for their removal
// ([Limits].Comments), and then the text on both sides is one. Keys named by the message (KeyInfo) are not even looked at. HMAC,
// because a public key would then be a shared secret. SHA-1, unless [Policy] says so.
//
// # Canonicalisation
//
// The canonical forms are written here, and not taken from goxmldsig, because of what its forms get wrong: they do not know the
// token #default in a PrefixList, nor the listed prefixes that an ancestor declares; they write xmlns="" where the standard does
// not; they put xml:lang behind attributes that it precedes; and nothing bounds what they write, though one long namespace name
// can be made to repeat in thousands of elements. Each would refuse a message that an honest service signed, or serve whoever
// wants our memory. The tests hold ours against libxml2 and, where it is right, goxmldsig.
//
// Sources: XML-Signature Syntax and Processing 1.1, Canonical XML 1.0, Exclusive XML Canonicalization 1.0, RFC 4051 and RFC 9231 for
// the algorithm names, SAML core §5 for the profile, cmd-authentication §1.7 and part 4 for what Portuguese services send.
package xmldsig
