package pki

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// A root's file is the certificate and the key in PEM. The key is PKCS#8 under PBES2 with PBKDF2 and AES-256-CBC (RFC 8018), which every other program reads as
// well: in twenty years, somebody may have to open it without this one.
const (
	rootPassphrase = 16      // bytes at least: whoever has the file can try for years
	rootIterations = 600_000 // of PBKDF2-HMAC-SHA-256
	mostIterations = 20_000_000
)

var (
	oidPBES2      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidHMACSHA256 = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}
	oidAES256CBC  = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
)

// ErrPassphrase says that a root's file does not open: another passphrase, or the file was changed.
var ErrPassphrase = errors.New("the root's file does not open with this passphrase")

// writeRootFile puts a root's key and certificate into a new file that only its owner can read, and returns once it is on disk: nothing may be signed by a key that a power
// cut then takes away.
func writeRootFile(path string, passphrase, cert []byte, key crypto.Signer) (err error) {
	if len(passphrase) < rootPassphrase {
		return fmt.Errorf("a root's passphrase has at least %d bytes", rootPassphrase)
	}
	plain, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("encode root key: %w", err)
	}
	defer clear(plain)
	sealed, err := encryptKey(plain, passphrase)
	if err != nil {
		return fmt.Errorf("encrypt root key: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("create the root's file: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: sealed})...)
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write the root's file: %w", err)
	}
	if runtime.GOOS == "windows" {
		return nil // folders cannot be opened for this there
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("write the root's file: %w", err)
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// readRootFile opens a root's file. The key must be the certificate's: the encryption alone does not show every change.
func readRootFile(path string, passphrase []byte) (*x509.Certificate, crypto.Signer, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, fmt.Errorf("read the root's file: %w", err)
	}
	var cert *x509.Certificate
	var key crypto.Signer
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "CERTIFICATE":
			if cert, err = x509.ParseCertificate(block.Bytes); err != nil {
				return nil, nil, fmt.Errorf("read the root's file: %w", err)
			}
		case "ENCRYPTED PRIVATE KEY":
			plain, err := decryptKey(block.Bytes, passphrase)
			if err != nil {
				return nil, nil, err
			}
			parsed, err := x509.ParsePKCS8PrivateKey(plain)
			clear(plain)
			if err != nil {
				return nil, nil, ErrPassphrase
			}
			key, _ = parsed.(crypto.Signer)
		}
	}
	if cert == nil || key == nil {
		return nil, nil, errors.New("the root's file holds no certificate and key")
	}
	if same, ok := cert.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); !ok || !same.Equal(key.Public()) {
		return nil, nil, ErrPassphrase
	}
	return cert, key, nil
}

func encryptKey(plain, passphrase []byte) ([]byte, error) {
	salt, iv := make([]byte, 16), make([]byte, aes.BlockSize)
	rand.Read(salt) // never fails; it ends the process instead
	rand.Read(iv)
	block, err := keyCipher(passphrase, salt, rootIterations)
	if err != nil {
		return nil, err
	}
	pad := aes.BlockSize - len(plain)%aes.BlockSize
	padded := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(padded, padded)
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidPBES2)
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(oidPBKDF2)
					b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1OctetString(salt)
						b.AddASN1Int64(rootIterations)
						b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
							b.AddASN1ObjectIdentifier(oidHMACSHA256)
							b.AddASN1NULL()
						})
					})
				})
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(oidAES256CBC)
					b.AddASN1OctetString(iv)
				})
			})
		})
		b.AddASN1OctetString(padded)
	})
	return b.Bytes()
}

// decryptKey reads the form that encryptKey writes, and no other.
func decryptKey(der, passphrase []byte) ([]byte, error) {
	in := cryptobyte.String(der)
	var outer, scheme, params, kdf, kdfParams, prf, enc, salt, iv, sealed cryptobyte.String
	var a, b, c, d asn1.ObjectIdentifier
	var iterations int
	ok := in.ReadASN1(&outer, casn1.SEQUENCE) && in.Empty() &&
		outer.ReadASN1(&scheme, casn1.SEQUENCE) && outer.ReadASN1(&sealed, casn1.OCTET_STRING) && outer.Empty() &&
		scheme.ReadASN1ObjectIdentifier(&a) && scheme.ReadASN1(&params, casn1.SEQUENCE) && a.Equal(oidPBES2) &&
		params.ReadASN1(&kdf, casn1.SEQUENCE) && params.ReadASN1(&enc, casn1.SEQUENCE) &&
		kdf.ReadASN1ObjectIdentifier(&b) && kdf.ReadASN1(&kdfParams, casn1.SEQUENCE) && b.Equal(oidPBKDF2) &&
		kdfParams.ReadASN1(&salt, casn1.OCTET_STRING) && kdfParams.ReadASN1Integer(&iterations) &&
		kdfParams.ReadASN1(&prf, casn1.SEQUENCE) && prf.ReadASN1ObjectIdentifier(&c) && c.Equal(oidHMACSHA256) &&
		enc.ReadASN1ObjectIdentifier(&d) && enc.ReadASN1(&iv, casn1.OCTET_STRING) && d.Equal(oidAES256CBC)
	if !ok || len(iv) != aes.BlockSize || len(sealed) == 0 || len(sealed)%aes.BlockSize != 0 || iterations < 1 || iterations > mostIterations {
		return nil, errors.New("the root's key is encrypted in a form that is not ours (RFC 8018 PBES2, PBKDF2-HMAC-SHA-256, AES-256-CBC)")
	}
	block, err := keyCipher(passphrase, salt, iterations)
	if err != nil {
		return nil, err
	}
	plain := make([]byte, len(sealed))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, sealed)
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > aes.BlockSize {
		return nil, ErrPassphrase
	}
	return plain[:len(plain)-pad], nil
}

func keyCipher(passphrase, salt []byte, iterations int) (cipher.Block, error) {
	key, err := pbkdf2.Key(sha256.New, string(passphrase), salt, iterations, 32)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	return aes.NewCipher(key)
}
