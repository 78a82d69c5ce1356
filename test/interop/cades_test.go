//go:build interop

package interop

import (
	"bytes"
	"crypto/sha256"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"chave/internal/format/ades"
)

// TestCAdES_detached has a file of any kind signed beside it, at each level; OpenSSL and DSS judge it with the file and with one octet of it changed.
// Issue 4, what to build 6.
func TestCAdES_detached_at_every_level(t *testing.T) {
	for _, tool := range []string{"openssl", "java"} {
		need(t, tool, installed(tool))
	}
	a := apply(t)
	judge := newDSS(t, a.root)
	who := a.who("oksana")
	chain := a.chain(who)
	content := []byte("A recipe for bread: flour, water, salt, time.\n")
	digest := sha256.Sum256(content)
	prepared, err := ades.PrepareCMS(ades.CMSSigning{Digest: digest[:], Certificate: chain[0], Chain: chain[1:], At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	base, err := prepared.Attach(a.sign(who, [][]byte{prepared.ToSign()})[0])
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	root := keepPEM(t, filepath.Join(dir, "root.pem"), a.root)
	original := keep(t, filepath.Join(dir, "bread.txt"), content)
	other := bytes.Clone(content)
	other[3] ^= 1
	altered := keep(t, filepath.Join(dir, "other.txt"), other)
	for _, one := range []struct {
		level    ades.Level
		way, dss string
	}{{ades.BB, "online", "CAdES-BASELINE-B"}, {ades.BT, "online", "CAdES-BASELINE-T"}, {ades.BLT, "offline", "CAdES-BASELINE-LT"}} {
		t.Run(string(one.level), func(t *testing.T) {
			file := base
			if one.level != ades.BB {
				var reached ades.Level
				if file, reached, err = ades.ExtendCMS(t.Context(), base, one.level, time.Now(), a.world()); err != nil || reached != one.level {
					t.Fatalf("reached %s: %v", reached, err)
				}
			}
			path := keep(t, filepath.Join(dir, string(one.level)+".p7s"), file)
			openssl := func(content string) (string, error) {
				return run("openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", path, "-content", content, "-CAfile", root, "-purpose", "any", "-out", filepath.Join(dir, "out"))
			}
			if out, err := openssl(original); err != nil || !strings.Contains(out, "successful") {
				t.Errorf("openssl: %v %s", err, out)
			}
			if out, err := openssl(altered); err == nil {
				t.Errorf("openssl takes other content: %s", out)
			}
			if got := judge.judge(one.way, path, original); !slices.Equal(got.signatures, []string{"TOTAL_PASSED:null:" + one.dss}) {
				t.Errorf("DSS says %s", got)
			}
			if got := judge.judge(one.way, path, altered); len(got.signatures) != 1 || !strings.HasPrefix(got.signatures[0], "TOTAL_FAILED") {
				t.Errorf("DSS says of other content: %s", got)
			}
		})
	}
}
