//go:build pkcs11

package keystore

import "crypto/subtle"

// unpad finds the text in a decrypted block without branching on what it holds. right is 1 for a well-formed block and start is then where its text begins.
func unpad(block []byte) (right, start int) {
	if len(block) < minPadding {
		return 0, 0
	}
	looking := 1
	for i := 2; i < len(block); i++ {
		zero := subtle.ConstantTimeByteEq(block[i], 0)
		start = subtle.ConstantTimeSelect(looking&zero, i+1, start)
		looking &= 1 ^ zero
	}
	right = subtle.ConstantTimeByteEq(block[0], 0) & subtle.ConstantTimeByteEq(block[1], 2) &
		(1 ^ looking) & subtle.ConstantTimeLessOrEq(minPadding, start)
	return right, start
}
