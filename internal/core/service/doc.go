// Package service owns the relying parties: who may ask people to sign in, for which attributes, at which level, and where answers may go.
//
// Settings come in as a plain struct, are checked all at once, and become a Service with private knowledge of its secret; code past that line never sees
// unchecked settings. The package never reads files and never speaks a protocol.
package service
