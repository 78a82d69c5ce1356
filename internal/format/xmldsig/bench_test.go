package xmldsig

import (
	"crypto"
	"testing"
)

// The budget is a whole SAML sign-in in 12 ms of CPU, most of it spent on passwords and pages. Beside the RSA operation itself, which the last two
// benchmarks show, reading, verifying and signing should stay far below 1 ms together.

func BenchmarkParse(b *testing.B) {
	doc := []byte(vectors(b)["V1"].document)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(doc, DefaultLimits()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseAndVerify(b *testing.B) {
	keys := vectorKeys(b)
	for _, name := range []string{"V1", "V4"} {
		doc := []byte(vectors(b)[name].document)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				root, err := Parse(doc, DefaultLimits())
				if err != nil {
					b.Fatal(err)
				}
				if _, err := Verify(root, keys, Policy{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSign(b *testing.B) {
	doc := []byte(file(b, "B.xml"))
	for _, c := range []struct {
		name string
		s    Signer
	}{
		{"RSA-2048", Signer{Key: rsaKey(), Certificate: make([]byte, 800)}},
		{"RSA-2048 inclusive", Signer{Key: rsaKey(), Certificate: make([]byte, 800), Profile: Profile{Inclusive: true}}},
		{"P-256", Signer{Key: p256(), Certificate: make([]byte, 800)}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.s.Sign(doc); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkKeyAlone(b *testing.B) {
	octets := []byte(file(b, "B.xml"))
	for name, key := range map[string]crypto.Signer{"RSA-2048": rsaKey(), "P-256": p256()} {
		algorithm, value, err := SignOctets(key, crypto.SHA256, octets)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name+" sign", func(b *testing.B) {
			for b.Loop() {
				if _, _, err := SignOctets(key, crypto.SHA256, octets); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+" verify", func(b *testing.B) {
			for b.Loop() {
				if _, _, err := VerifyOctets(algorithm, octets, value, public(key), Policy{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
