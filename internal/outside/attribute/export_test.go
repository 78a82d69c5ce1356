package attribute

// Read is for the fuzzer, which would spend its time on sockets otherwise.
var Read = read
