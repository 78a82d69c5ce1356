package pki

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/outside/pki/lint"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

var (
	oidPolicies            = asn1.ObjectIdentifier{2, 5, 29, 32}
	oidUserNotice          = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 2, 2}
	oidDirectoryAttributes = asn1.ObjectIdentifier{2, 5, 29, 9}
	oidBirthDate           = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 9, 1}
	oidNoCheck             = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}
	oidExtendedKeyUsage    = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidTimeStamping        = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 8}
	oidStatements          = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 3}

	// ETSI EN 319 412-5.
	oidQcCompliance = asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 1}
	oidQcSSCD       = asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 4}
	oidQcPDS        = asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 5}
	oidQcType       = asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 6}
	oidQcTypeSign   = asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 6, 1}
)

func built(id asn1.ObjectIdentifier, critical bool, write func(*cryptobyte.Builder)) (pkix.Extension, error) {
	var b cryptobyte.Builder
	write(&b)
	value, err := b.Bytes()
	return pkix.Extension{Id: id, Critical: critical, Value: value}, err
}

// policyExtension names the policies; one that is not qualified carries the label as a notice, which programs show (T8).
func (p *Profiles) policyExtension(of profile) (pkix.Extension, error) {
	var ids []asn1.ObjectIdentifier
	if of.anyPolicy {
		ids = append(ids, lint.AnyPolicy)
	}
	if of.policy != nil {
		ids = append(ids, p.under(of.policy))
	}
	if of.aboutPerson {
		ids = append(ids, p.extra...)
	}
	return built(oidPolicies, false, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			for _, id := range ids {
				b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(id)
					if p.settings.Label != "" {
						addNotice(b, p.settings.Label)
					}
				})
			}
		})
	})
}

// addNotice adds a policy qualifier with a text for people (RFC 5280 §4.2.1.4).
func addNotice(b *cryptobyte.Builder, text string) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oidUserNotice)
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(casn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(text)) })
			})
		})
	})
}

// birthExtension gives the date of birth at noon, so that no time zone moves it to another day (RFC 3739 §3.2.2).
func birthExtension(born citizen.Date) (pkix.Extension, error) {
	at := time.Date(born.Year, born.Month, born.Day, 12, 0, 0, 0, time.UTC)
	return built(oidDirectoryAttributes, false, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidBirthDate)
				b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) { b.AddASN1GeneralizedTime(at) })
			})
		})
	})
}

// timeStampingExtension is extended key usage as a timestamp authority must have it: critical (RFC 3161 §2.3). The standard library writes it as not critical.
func timeStampingExtension() (pkix.Extension, error) {
	return built(oidExtendedKeyUsage, true, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidTimeStamping) })
	})
}

func noCheckExtension() (pkix.Extension, error) {
	return built(oidNoCheck, false, func(b *cryptobyte.Builder) { b.AddASN1NULL() })
}

// statementExtension is the claim to be qualified, in the standard's form and not in the one CMD's older certificates have (cmd-signature.md §5.2, §5.3).
func (p *Profiles) statementExtension() (pkix.Extension, error) {
	q := p.settings.Qualified
	var langs []string
	for lang := range q.Disclosure {
		langs = append(langs, lang)
	}
	slices.Sort(langs)
	return built(oidStatements, false, func(b *cryptobyte.Builder) {
		statement := func(b *cryptobyte.Builder, id asn1.ObjectIdentifier, info func(*cryptobyte.Builder)) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(id)
				if info != nil {
					b.AddASN1(casn1.SEQUENCE, info)
				}
			})
		}
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			statement(b, oidQcCompliance, nil)
			if q.KeysInModule {
				statement(b, oidQcSSCD, nil)
			}
			statement(b, oidQcType, func(b *cryptobyte.Builder) { b.AddASN1ObjectIdentifier(oidQcTypeSign) })
			statement(b, oidQcPDS, func(b *cryptobyte.Builder) {
				for _, lang := range langs {
					b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1(casn1.IA5String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(q.Disclosure[lang])) })
						b.AddASN1(casn1.PrintableString, func(b *cryptobyte.Builder) { b.AddBytes([]byte(lang)) })
					})
				}
			})
		})
	})
}
