// Package mrz reads and writes the machine-readable zone of identity documents, ICAO Doc 9303 (eighth edition): TD1, three
// lines of 30 on cards (part 5), and TD3, two lines of 44 in passports (part 4).
//
// [Parse] takes what a keyboard-wedge reader types or a person pastes, checks every check digit, and names each field that
// does not hold. [Compare] sets a zone beside what a clerk typed and lists where they differ. [Passport] and [Card] write
// zones for made-up people.
//
// A zone that parses is well formed, not genuine: anyone can compute check digits. That the document is real is for the
// clerk, the chip or the register to say.
//
// TD2 (two lines of 36) and visas are refused by name. The package does no I/O, has no clock, and puts nothing it read
// into its errors.
package mrz
