package pdf

import (
	"bytes"
	"crypto"
	_ "crypto/sha256"
	"errors"
	"testing"
)

func TestPrepare_appends_and_never_changes_the_input(t *testing.T) {
	for shape, data := range both(document()) {
		t.Run(shape, func(t *testing.T) {
			before := bytes.Clone(data)
			out := signed(t, data, Field{At: morning(), SignerName: "Inês Conceição", Reason: "Concordo", Location: "Évora"})
			if !bytes.Equal(data, before) {
				t.Error("the input was changed")
			}
			if !bytes.HasPrefix(out, before) {
				t.Error("the input does not begin the output")
			}
			if table := bytes.Contains(out[len(data):], []byte("\nxref\n")); table != (shape == "table") {
				t.Errorf("a table was written: %v", table)
			}
			list := signatures(t, out)
			if len(list) != 1 {
				t.Fatalf("%d signatures", len(list))
			}
			s := list[0]
			if !s.Covers || !s.CoversAll || s.Revision != 2 || s.Page != 0 || s.Timestamp {
				t.Errorf("%+v", s)
			}
			if s.Name != "Inês Conceição" || s.Reason != "Concordo" || s.Location != "Évora" || !s.At.Equal(morning()) || s.Field != "Signature1" {
				t.Errorf("%q %q %q %v %q", s.Name, s.Reason, s.Location, s.At, s.Field)
			}
			if !bytes.HasPrefix(s.Contents, madeUp) || len(s.Contents) != DefaultReserve {
				t.Errorf("contents of %d octets", len(s.Contents))
			}
			whole(t, out)
		})
	}
}

func TestPrepare_gives_the_same_octets_twice_and_digests_what_is_read_back(t *testing.T) {
	for shape, data := range both(document()) {
		t.Run(shape, func(t *testing.T) {
			field := Field{At: morning(), Stamp: &Stamp{Page: 1, X: 100, Y: 100, Width: 200, Height: 50, Lines: []string{"Inês"}}}
			one, err := opened(t, data).Prepare(field)
			if err != nil {
				t.Fatal(err)
			}
			two, err := opened(t, data).Prepare(field)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(one.tail, two.tail) {
				t.Error("two different updates")
			}
			out, err := one.Attach(madeUp)
			if err != nil {
				t.Fatal(err)
			}
			if got := signatures(t, out)[0].Digest(crypto.SHA256); !bytes.Equal(got, two.Digest(crypto.SHA256)) {
				t.Error("the digest to sign is not the digest of the file")
			}
		})
	}
}

func TestAttach_refuses_what_does_not_fit(t *testing.T) {
	p, err := opened(t, document().classic()).Prepare(Field{Reserve: 10})
	if err != nil {
		t.Fatal(err)
	}
	for _, cms := range [][]byte{nil, make([]byte, 11)} {
		if out, err := p.Attach(cms); !errors.Is(err, ErrTooLong) || out != nil {
			t.Errorf("%d octets: %v", len(cms), err)
		}
	}
	if _, err := p.Attach(make([]byte, 10)); err != nil {
		t.Error(err)
	}
}

func TestPrepare_signs_one_after_another(t *testing.T) {
	for shape, data := range both(document()) {
		t.Run(shape, func(t *testing.T) {
			for range 3 {
				data = signed(t, data, Field{At: morning()})
			}
			data = signed(t, data, Field{SubFilter: Timestamp})
			list := signatures(t, data)
			if len(list) != 4 {
				t.Fatalf("%d signatures", len(list))
			}
			for i, s := range list {
				if !s.Covers || s.CoversAll != (i == 3) || s.Revision != i+2 || s.Timestamp != (i == 3) {
					t.Errorf("signature %d: %+v", i, s)
				}
			}
			whole(t, data)
		})
	}
}
