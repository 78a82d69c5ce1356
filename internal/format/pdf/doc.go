// Package pdf reads as much of a PDF as signing needs, appends signatures to it, and tells what was done to a signed file afterwards.
//
// It owns three things: a small strict reader of cross-reference tables, cross-reference streams and object streams ([Open]); a writer of incremental updates
// ([File.Prepare], [Prepared.Attach], [File.AddDSS]); and the account of signatures and later changes ([File.Signatures]). It is pure: bytes in, bytes out, no clock, no
// randomness, no trust. What a signature proves is for packages cms and ades to say; here it is a string of octets and the ranges of the file that it speaks of.
//
// # What is never done
//
// The octets of the input are never changed and never written anew: an update is appended, so earlier signatures keep what they signed. Broken files are refused, not
// repaired. A repairer guesses, and a guess is a reading that another program does not share: people would sign one document and be shown another. The same holds for
// encrypted files and for hybrid ones, which show different objects to old readers and to new ones.
//
// # How a file is read
//
// A file is a list of revisions, each closed by its own cross-reference section. Objects are looked up as of a revision, so that the document as signed can be held against
// the document as it is now. No entry of a revision may point behind that revision's end: content that comes later must not slip into what was signed earlier.
//
// # Limits
//
// Numbers of objects, revisions, pages and nested values, and all octets that come out of decompression, are bounded ([ErrTooComplex]), so that a small
// file cannot ask for much memory or time. A [File] must not be used by two goroutines at once.
//
// Sources: ISO 32000-1:2008 (clauses 7.2-7.5, 12.7, 12.8), ISO 32000-2:2020 (12.8 for DSS, document timestamps and locks), EN 319 142-1 for PAdES.
package pdf
