package thief

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"

	"chave/internal/core/citizen"
)

// A search that finds nothing proves nothing unless it would have found something.
func TestSearch_finds_each_form_it_is_for(t *testing.T) {
	sum := sha256.Sum256([]byte("912345678"))
	var needles []Needle
	needles = append(needles, Written("name", "Conceição Ção")...)
	needles = append(needles, Phone("phone", "+351912345678")...)
	needles = append(needles, Birth("birth", citizen.Date{Year: 1987, Month: 4, Day: 12})...)
	needles = append(needles, Held("token", "c2VjcmV0LXRva2VuLXZhbHVlLW9mLXR3ZW50eQ")...)
	s := NewSearch(needles)
	if s.Size() < 300 {
		t.Errorf("only %d needles", s.Size())
	}
	noise := make([]byte, 4096)
	for i := range noise {
		noise[i] = byte(rand.UintN(256))
	}
	for name, plain := range map[string][]byte{
		"utf-8": []byte("Conceição Ção"), "capitals": []byte("CONCEIÇÃO ÇÃO"), "no accents": []byte("conceicao cao"), "latin-1": []byte("Concei\xe7\xe3o \xc7\xe3o"),
		"utf-16": []byte("C\x00o\x00n\x00c\x00e\x00i\x00\xe7\x00\xe3\x00o\x00 \x00\xc7\x00\xe3\x00o\x00"), "json": []byte(`"Concei\u00e7\u00e3o \u00c7\u00e3o"`),
		"phone": []byte(`{"to":"+351912345678"}`), "national": []byte("912 345 678"), "hash": sum[:], "hex hash": []byte(hex.EncodeToString(sum[:])),
		"base64 0": []byte(base64.StdEncoding.EncodeToString([]byte(`{"phone":"+351912345678","x":1}`))),
		"base64 1": []byte(base64.StdEncoding.EncodeToString([]byte(`a{"phone":"+351912345678","x":1}`))),
		"base64 2": []byte(base64.StdEncoding.EncodeToString([]byte(`aa{"phone":"+351912345678","x":1}`))),
		"birth":    []byte("12/04/1987"), "token": []byte("c2VjcmV0LXRva2VuLXZhbHVlLW9mLXR3ZW50eQ"), "decoded token": []byte("secret-token-value-of-twenty"),
	} {
		hay := bytes.Join([][]byte{noise, plain, noise}, nil)
		if len(s.In("hay", hay)) == 0 {
			t.Errorf("%s was not found", name)
		}
	}
	if hits := s.In("noise", noise); len(hits) > 0 {
		t.Errorf("found %q in noise", hits[0].What)
	}
}

func TestSixDigits_count_only_when_they_stand_alone_and_chance_does_not_explain_them(t *testing.T) {
	var known, controls []string
	for i := range 100 {
		known = append(known, fmt.Sprintf("%06d", 600000+i))
	}
	for i := range 5000 {
		controls = append(controls, fmt.Sprintf("%06d", 700000+i))
	}
	verdict := func(hay string) []string {
		found := map[string][]Digits{}
		SixDigits("hay", []byte(hay), found)
		betrayed, _, _ := Verdict(found, known, controls)
		return betrayed
	}
	for hay, want := range map[string]int{
		`{"code":"600007"}`: 1, "\x00600007pt": 1, "1600007": 0, "6000071": 0, "abcdefghijk600007lmnopqrstu": 0, "600007": 1, "": 0, "700007": 0,
	} {
		if got := verdict(hay); len(got) != want {
			t.Errorf("%q: %v", hay, got)
		}
	}
	many := ""
	for _, k := range known[:20] {
		many += "abcdefghijk" + k + "lmnopqrstu\n"
	}
	if len(verdict(many)) != 20 {
		t.Error("twenty PINs in long words were taken for chance")
	}
}

func FuzzSearch(f *testing.F) {
	s := NewSearch(Phone("phone", "+351912345678"))
	f.Add([]byte("+351912345678"))
	f.Fuzz(func(_ *testing.T, hay []byte) {
		s.In("hay", hay)
		SixDigits("hay", hay, map[string][]Digits{})
	})
}
