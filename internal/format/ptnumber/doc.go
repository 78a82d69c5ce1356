// Package ptnumber knows the Portuguese numbers of persons: their length, check digits and one normal form each.
//
//	NIC      civil identification        8 digits, older ones written with fewer; 9 with the identity card's check digit
//	         citizen card                12 characters: NIC, its check digit, version (2), check digit of the whole
//	NIF      tax                         9 digits, the last checks; the first ones tell the kind of holder
//	NISS     social security             11 digits, the last checks
//	NSNS     health-service user         9 digits; no check digit is published, so only the length is checked
//
// A number that parses is well formed. Whether anyone holds it, and who, only a register knows.
//
// Sources: for the citizen card and the NIC, "Validação de Número de Documento do Cartão de Cidadão" (AMA, version 1.0, 2009);
// for NIF, DL 14/2013 and the public description of its ranges; for NISS, common knowledge among those who
// check it, with no official text that we could find. Vectors are in the tests.
//
// # Made-up numbers
//
// The MadeUp functions give numbers for demos, tests and load runs that pass every check and that, by our reading in 2026, no
// person holds:
//
//	NIC   99xxxxxx    handed out upwards, and tens of millions below
//	NIF   39xxxxxxc   natural persons have 1, 2 and, since 2019, 3; the last tenth of 3 is decades away
//	NISS  199xxxxxxxc persons have 11 and 12
//	NSNS  999xxxxxx   the upper end of nine digits
//
// No authority has promised any of this. Never send such a number to a real register: should one be handed out some day,
// it would be somebody's.
//
// The package does no I/O and puts no number into an error.
package ptnumber
