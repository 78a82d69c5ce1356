package thief

import (
	"crypto/md5" // this and the next: what a careless program might have stored
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"

	"chave/internal/core/citizen"

	"golang.org/x/text/unicode/norm"
)

// Written gives a text as programs store texts: in UTF-8, Latin-1 and UTF-16, in hexadecimal and base64, in capitals, small letters and without accents.
func Written(what, text string) []Needle {
	var all []Needle
	spellings := map[string]string{"": text, ", upper case": strings.ToUpper(text), ", lower case": strings.ToLower(text)}
	bare := plain(text)
	spellings[", no accents"], spellings[", upper case, no accents"], spellings[", lower case, no accents"] = bare, strings.ToUpper(bare), strings.ToLower(bare)
	for how, s := range spellings {
		add := func(as string, b []byte) { all = append(all, Needle{what + how + as, b}) }
		add("", []byte(s))
		add(", escaped", []byte(strings.Trim(fmt.Sprintf("%+q", s), `"`))) // as JSON writes accents
		add(", Latin-1", latin1(s))
		add(", UTF-16LE", utf16Bytes(s, binary.LittleEndian))
		add(", UTF-16BE", utf16Bytes(s, binary.BigEndian))
		add(", hexadecimal", []byte(hex.EncodeToString([]byte(s))))
		add(", HEXADECIMAL", []byte(strings.ToUpper(hex.EncodeToString([]byte(s)))))
		for shift := range 3 {
			add(fmt.Sprintf(", base64 %d", shift), inBase64(base64.StdEncoding, s, shift))
			add(fmt.Sprintf(", base64url %d", shift), inBase64(base64.URLEncoding, s, shift))
		}
	}
	return all
}

// Hashed gives the bare hashes of something that could be guessed: whoever finds one has the thing itself after a million tries.
func Hashed(what, text string) []Needle {
	var all []Needle
	for _, s := range []string{text, text + "\n", strings.ToLower(text)} {
		one, two, three := md5.Sum([]byte(s)), sha1.Sum([]byte(s)), sha256.Sum256([]byte(s))
		for name, sum := range map[string][]byte{"MD5": one[:], "SHA-1": two[:], "SHA-256": three[:]} {
			all = append(all, Needle{what + ", " + name, sum},
				Needle{what + ", " + name + " in hexadecimal", []byte(hex.EncodeToString(sum))},
				Needle{what + ", " + name + " in HEXADECIMAL", []byte(strings.ToUpper(hex.EncodeToString(sum)))},
				Needle{what + ", " + name + " in base64", []byte(strings.TrimRight(base64.StdEncoding.EncodeToString(sum), "="))},
				Needle{what + ", " + name + " in base64url", []byte(strings.TrimRight(base64.URLEncoding.EncodeToString(sum), "="))})
		}
	}
	return all
}

// Held gives what a random secret looks like: as it is, and decoded from the alphabets that secrets are written in. Its digest may be stored: there is
// nothing to guess.
func Held(what, secret string) []Needle {
	all := []Needle{
		{what, []byte(secret)}, {what + ", hexadecimal", []byte(hex.EncodeToString([]byte(secret)))}, {what + ", UTF-16LE", utf16Bytes(secret, binary.LittleEndian)},
	}
	for shift := range 3 {
		all = append(all, Needle{fmt.Sprintf("%s, base64 %d", what, shift), inBase64(base64.StdEncoding, secret, shift)})
	}
	for name, decode := range map[string]func(string) ([]byte, error){"base64url": base64.RawURLEncoding.DecodeString, "hexadecimal": hex.DecodeString} {
		if raw, err := decode(secret); err == nil && len(raw) >= 16 {
			all = append(all, Needle{what + ", decoded from " + name, raw})
		}
	}
	return all
}

// Phone gives the spellings of a Portuguese phone.
func Phone(what string, p citizen.Phone) []Needle {
	e164 := string(p)
	national := strings.TrimPrefix(e164, "+351")
	groups := national[:3] + " " + national[3:6] + " " + national[6:]
	var all []Needle
	for how, s := range map[string]string{
		"E.164": e164, "digits": e164[1:], "with 00": "00" + e164[1:], "national": national, "in groups": groups, "international in groups": "+351 " + groups,
		"as the SMS screen writes it": "+351 " + national, "with dashes": strings.ReplaceAll(groups, " ", "-"), "with dots": strings.ReplaceAll(groups, " ", "."),
	} {
		all = append(all, Written(what+", "+how, s)...)
	}
	for _, s := range []string{e164, e164[1:], national, "phone" + e164, "phone|" + e164, "phone:" + e164} {
		all = append(all, Hashed(what+" ("+s[:min(5, len(s))]+"…)", s)...)
	}
	return all
}

// Birth gives the spellings of a birth date.
func Birth(what string, d citizen.Date) []Needle {
	var all []Needle
	for _, s := range []string{
		d.String(), fmt.Sprintf("%02d-%02d-%04d", d.Day, d.Month, d.Year), fmt.Sprintf("%02d/%02d/%04d", d.Day, d.Month, d.Year),
		fmt.Sprintf("%02d.%02d.%04d", d.Day, d.Month, d.Year), fmt.Sprintf("%04d/%02d/%02d", d.Year, d.Month, d.Day),
		fmt.Sprintf("%d de %s de %d", d.Day, months()[d.Month-1], d.Year), fmt.Sprintf(`"year":%d,"month":%d,"day":%d`, d.Year, d.Month, d.Day),
	} {
		all = append(all, Written(what+" "+s, s)...)
	}
	return all
}

func months() []string {
	return []string{"janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro", "dezembro"}
}

func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s))
}

func latin1(s string) []byte {
	var b []byte
	for _, r := range s {
		b = append(b, byte(r)) // our names have no letter beyond U+00FF
	}
	return b
}

func utf16Bytes(s string, order binary.ByteOrder) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, 0, 0)
		order.PutUint16(b[len(b)-2:], u)
	}
	return b
}

// inBase64 is how a text looks inside a longer one that was encoded, when it begins shift bytes after a group of three: without the characters at its
// edges that its neighbours take part in.
func inBase64(e *base64.Encoding, s string, shift int) []byte {
	padded := strings.Repeat("\x00", shift) + s
	whole := len(padded) / 3 * 3
	text := e.EncodeToString([]byte(padded[:whole]))
	skip := []int{0, 2, 3}[shift]
	if len(text) < skip {
		return nil
	}
	return []byte(text[skip:])
}
