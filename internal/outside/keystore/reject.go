package keystore

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
)

// minPadding is what must stand before the text: 00 02, eight bytes that are not zero, 00 (RFC 8017 §7.2.1).
const minPadding = 11

// chooseText returns the text of the block from start on, or an invented one when right is 0, with the same work for both. The invented text depends on the
// cipher text and a secret that goes with the key, so that whoever sends a block twice, to whichever node, gets no second opinion.
func chooseText(right int, block []byte, start int, secret, ciphertext []byte) []byte {
	invented := make([]byte, 0, len(block)+sha256.Size)
	mac := hmac.New(sha256.New, secret)
	for n := uint32(0); len(invented) < len(block); n++ {
		mac.Reset()
		mac.Write(binary.BigEndian.AppendUint32([]byte("chave implicit rejection "), n))
		mac.Write(ciphertext)
		invented = mac.Sum(invented)
	}
	mac.Reset()
	mac.Write([]byte("chave implicit rejection length"))
	mac.Write(ciphertext)
	length := binary.BigEndian.Uint64(mac.Sum(nil)) % uint64(len(block)-minPadding+1)

	text := make([]byte, len(block))
	copy(text, invented)
	subtle.ConstantTimeCopy(right, text, block)
	start = subtle.ConstantTimeSelect(right, start, len(block)-int(length))
	return text[start:]
}
