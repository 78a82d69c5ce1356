package audit

import (
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// The library's own stored-hash algorithm is the oracle for our tiles and roots.
func TestTree_grows_as_the_transparency_log_library_says(t *testing.T) {
	for _, batch := range []int{1, 7, 255, 256, 1000} {
		t.Run(fmt.Sprintf("in batches of %d", batch), func(t *testing.T) {
			var (
				hashes []tlog.Hash
				grown  edge
				stored = map[[2]int64][]byte{}
			)
			reader := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
				found := make([]tlog.Hash, len(at))
				for i, n := range at {
					found[i] = hashes[n]
				}
				return found, nil
			})
			for n := int64(0); n < 3000; {
				changed := tilesAfter(grown)
				for range batch {
					data := fmt.Appendf(nil, "event %d", n)
					more, err := tlog.StoredHashes(n, data, reader)
					if err != nil {
						t.Fatal(err)
					}
					hashes = append(hashes, more...)
					grown.add(tlog.RecordHash(data), changed.visit)
					n++
				}
				for _, tile := range changed.all {
					stored[[2]int64{int64(tile.Level), tile.N}] = tile.Data
				}
				want, err := tlog.TreeHash(n, reader)
				if err != nil {
					t.Fatal(err)
				}
				if got := grown.root(); got != want {
					t.Fatalf("root at %d is %s, want %s", n, got, want)
				}
			}
			for place, data := range stored {
				tile := tlog.Tile{H: 8, L: int(place[0]), N: place[1], W: len(data) / tlog.HashSize}
				want, err := tlog.ReadTileData(tile, reader)
				if err != nil || hex.EncodeToString(want) != hex.EncodeToString(data) {
					t.Fatalf("tile %s differs (%v)", tile.Path(), err)
				}
			}
		})
	}
}

func TestTree_of_nothing_has_the_empty_root(t *testing.T) {
	var e edge
	const sha256OfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	if root := e.root(); hex.EncodeToString(root[:]) != sha256OfNothing {
		t.Errorf("root %x", root)
	}
}

func TestLeaf_has_its_documented_bytes(t *testing.T) {
	leaf := LeafData("ab", time.UnixMicro(258), "k", []byte{0xcc})
	if got := hex.EncodeToString(leaf); got != "01"+"00000002"+"6162"+"0000000000000102"+"00000001"+"6b"+"cc" {
		t.Error(got)
	}
}

func TestCommit_is_salted_and_read_back(t *testing.T) {
	e := Event{
		ID: "one", At: time.UnixMicro(1_800_000_000_000_001).UTC(), Kind: PINRefused, Person: "p1", Actor: "system", Service: "bank", Login: "l1",
		Data: map[string]string{"b": "2", "a": "1"},
	}
	first, err := e.Commit(strings.NewReader(strings.Repeat("x", SaltSize)))
	if err != nil {
		t.Fatal(err)
	}
	second, _ := e.Commit(strings.NewReader(strings.Repeat("y", SaltSize)))
	if string(first.Payload) != string(second.Payload) {
		t.Error("one event has two payloads")
	}
	if string(first.Commitment) == string(second.Commitment) {
		t.Error("equal events show by equal commitments")
	}
	back, err := ParsePayload(first.Payload)
	if err != nil || fmt.Sprint(back) != fmt.Sprint(e) {
		t.Errorf("read back %v, %v", back, err)
	}
}

func TestA19_kinds_that_tell_where_somebody_went_are_kept_as_short_as_history(t *testing.T) {
	keep := Keep{}.Defaults()
	for kind, want := range map[Kind]time.Duration{
		LoginFinished: 90 * day, LoginRefused: 90 * day, ConsentGiven: 90 * day, SessionEnded: 90 * day, GrantIssued: 90 * day,
		KeyIssued: keep.Keys, CaseDecided: keep.Keys, KeyBlocked: keep.Keys, RoleGiven: keep.Keys, "new.kind": keep.Keys,
	} {
		if got := keep.of(kind); got != want {
			t.Errorf("%s is kept %s, want %s", kind, got, want)
		}
	}
}

func testHead() Head {
	return Head{Origin: "id.example/audit", Size: 9, Root: tlog.RecordHash([]byte("x")), Previous: 4, At: time.UnixMicro(1_800_000_000_000_001).UTC()}
}

func TestHead_reads_only_what_it_writes(t *testing.T) {
	text := testHead().Text()
	if h, err := ParseHead(text); err != nil || h != testHead() {
		t.Fatalf("%+v, %v", h, err)
	}
	for name, changed := range map[string]string{
		"another line":           text + "more\n",
		"a line less":            strings.TrimSuffix(text, "\n"),
		"size with a zero":       strings.Replace(text, "\n9\n", "\n09\n", 1),
		"size with a sign":       strings.Replace(text, "\n9\n", "\n+9\n", 1),
		"no size":                strings.Replace(text, "\n9\n", "\n\n", 1),
		"not above previous":     strings.Replace(text, "\n9\n", "\n4\n", 1),
		"negative previous":      strings.Replace(text, "previous 4", "previous -1", 1),
		"root cut":               strings.Replace(text, "=\n", "\n", 1),
		"time of another zone":   strings.Replace(text, "Z\n", "+01:00\n", 1),
		"previous by other name": strings.Replace(text, "previous", "before", 1),
	} {
		if h, err := ParseHead(changed); err == nil {
			t.Errorf("%s: read as %+v", name, h)
		}
	}
}

// The notes are those of the library: its own verifier accepts what our signer makes.
func TestHead_is_signed_as_notes_are(t *testing.T) {
	key := ed25519.NewKeyFromSeed([]byte(strings.Repeat("s", ed25519.SeedSize)))
	signer, err := newNoteSigner("id.example/audit", key)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: testHead().Text()}, signer)
	if err != nil {
		t.Fatal(err)
	}
	text, err := verifierOf("id.example/audit", key.Public())
	if err != nil {
		t.Fatal(err)
	}
	known := verifiers([]HeadKey{{Verifier: "not a key"}, {Verifier: text}})
	if h, err := openHead(string(signed), "id.example/audit", known); err != nil || h != testHead() {
		t.Errorf("%+v, %v", h, err)
	}
	if _, err := openHead(string(signed), "other.example/audit", known); err == nil {
		t.Error("a head of another log was accepted")
	}
	for i := range signed {
		changed := append([]byte(nil), signed...)
		changed[i] ^= 1
		if h, err := openHead(string(changed), "id.example/audit", known); err == nil {
			t.Errorf("byte %d changed: read as %+v", i, h)
		}
	}
}

func FuzzParseHead(f *testing.F) {
	f.Add(testHead().Text())
	f.Add("")
	f.Add("a\n1\n\nprevious 0\nat 2026-11-23T12:00:00.000000Z\n")
	f.Fuzz(func(t *testing.T, text string) {
		if h, err := ParseHead(text); err == nil && h.Text() != text {
			t.Errorf("%q is written back as %q", text, h.Text())
		}
	})
}

func FuzzParsePayload(f *testing.F) {
	f.Add([]byte(`{"id":"a","at":1,"kind":"login.finished","data":{"level":"3"}}`))
	f.Add([]byte(`{}{}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		e, err := ParsePayload(payload)
		if err != nil {
			return
		}
		c, err := e.Commit(strings.NewReader(strings.Repeat("x", SaltSize)))
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ParsePayload(c.Payload); err != nil || fmt.Sprint(again) != fmt.Sprint(e) {
			t.Errorf("%v became %v (%v)", e, again, err)
		}
	})
}
