package scmd

import (
	"bytes"
	"crypto"

	"chave/internal/core/fault"
)

// form is one digest algorithm, as RFC 8017 §9.2 writes it before the digest.
type form struct {
	hash   crypto.Hash
	prefix []byte
}

func forms() [3]form {
	prefix := func(whole, oid, octets byte) []byte {
		return []byte{0x30, whole, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, oid, 0x05, 0x00, 0x04, octets}
	}
	return [3]form{{crypto.SHA256, prefix(0x31, 0x01, 0x20)}, {crypto.SHA384, prefix(0x41, 0x02, 0x30)}, {crypto.SHA512, prefix(0x51, 0x03, 0x40)}}
}

// digest takes a DigestInfo apart. 51 bytes of SHA-256 always pass, longer ones by the operator's choice, and on the older service a bare SHA-256 digest too (§1.8, §6.1).
func (p *Provider) digest(c *call, hash []byte) (crypto.Hash, []byte, error) {
	for _, f := range forms() {
		rest, ok := bytes.CutPrefix(hash, f.prefix)
		if ok && len(rest) == f.hash.Size() && (f.hash == crypto.SHA256 || p.Rules.LongHashes) {
			return f.hash, rest, nil
		}
	}
	if c.door.bare && len(hash) == crypto.SHA256.Size() {
		p.count(c.service, BareDigest)
		return crypto.SHA256, hash, nil
	}
	return 0, nil, refuse(codeParameter, "Hash", sayHash, fault.DigestInvalid)
}
