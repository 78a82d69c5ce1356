package pki

// NewRootKey makes keys for the tests' keystore too.
var NewRootKey = newRootKey

// SerialText names rows.
var SerialText = serialText

// PersonNumber makes a subject unique.
var PersonNumber = personNumber
