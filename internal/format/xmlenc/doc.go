// Package xmlenc encrypts SAML assertions for one reader.
//
// It owns one direction: XML in, EncryptedAssertion out, with authenticated encryption only: AES-GCM under a fresh key, that key under
// RSA-OAEP. CBC and PKCS#1 v1.5 are not offered, because both have given plain text to whoever could ask often enough. Nothing here decrypts.
//
// Sources: XML Encryption Syntax and Processing 1.1; SAML core §2.3.4 and §6.
package xmlenc
