package lint

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"math/big"
)

// smallPrimes multiplied: a modulus that shares a factor with it came from a broken generator.
var smallPrimes = func() *big.Int {
	product := big.NewInt(1)
	for _, p := range []int64{2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151} {
		product.Mul(product, big.NewInt(p))
	}
	return product
}()

// key holds sizes: a person's is RSA-3072, which CMD's clients are built for, or P-256.
func key() Rule {
	return Rule{"key", "ETSI TS 119 312; cmd-signature.md §1.11", func(c Candidate) error {
		switch k := c.Cert.PublicKey.(type) {
		case *rsa.PublicKey:
			bits := k.N.BitLen()
			switch {
			case k.E != 65537:
				return fmt.Errorf("RSA exponent %d, not 65537", k.E)
			case bits != 3072 && (c.Kind == Person || bits != 4096):
				return fmt.Errorf("RSA with %d bits", bits)
			case new(big.Int).GCD(nil, nil, k.N, smallPrimes).Cmp(big.NewInt(1)) != 0:
				return fmt.Errorf("RSA modulus with a small factor")
			}
			return nil
		case *ecdsa.PublicKey:
			if k.Curve != elliptic.P256() && (c.Kind == Person || k.Curve != elliptic.P384()) {
				return fmt.Errorf("curve %s", k.Curve.Params().Name)
			}
			return nil
		}
		return fmt.Errorf("key of type %T", c.Cert.PublicKey)
	}}
}
