package xmldsig

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// file reads one of the vectors; testdata/README.md says where they come from.
func file(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// rows reads a table of the vectors, without its head.
func rows(t testing.TB, name string) [][]string {
	var list [][]string
	for line := range strings.Lines(file(t, name)) {
		if !strings.HasPrefix(line, "#") {
			list = append(list, strings.Fields(line))
		}
	}
	return list
}

// vector is one case of §4.3.
type vector struct {
	name, message, sha256, infoDigest, document string
	octets, infoOctets                          int
	legacy                                      bool
}

func vectors(t testing.TB) map[string]vector {
	cases := make(map[string]vector)
	for _, r := range rows(t, "vectors.txt") {
		v := vector{name: r[0], message: r[1], infoDigest: r[6], sha256: r[8], legacy: r[3] == "1"}
		v.infoOctets, _ = strconv.Atoi(r[5])
		v.octets, _ = strconv.Atoi(r[7])
		prefixes := ""
		transform := `<Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#" />`
		if r[4] == "yes" {
			prefixes = "#default samlp saml ds xs xsi"
			transform = `<Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"><InclusiveNamespaces PrefixList="` + prefixes + `" xmlns="http://www.w3.org/2001/10/xml-exc-c14n#" /></Transform>`
		}
		form, method, digest := exclusive, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256"
		if r[2] == "INC" {
			form = inclusive
		}
		if v.legacy {
			method, digest = "http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2000/09/xmldsig#sha1"
		}
		value := ""
		for _, d := range rows(t, "digests.txt") {
			if d[0] == v.message && strings.Join(d[4:], " ") == prefixes {
				value = d[2]
				if v.legacy {
					value = d[3]
				}
			}
		}
		message := file(t, v.message+".xml")
		_, id, _ := strings.Cut(message, ` ID="`)
		id, _, _ = strings.Cut(id, `"`)
		signature := strings.NewReplacer("{C}", form, "{S}", method, "{ID}", id, "{X}", transform, "{D}", digest, "{DV}", value, "{SV}", r[9], "{CERT}", file(t, "certificate.b64")).
			Replace(file(t, "template.xml"))
		v.document = strings.Replace(message, "</Issuer>", "</Issuer>"+signature, 1)
		cases[v.name] = v
	}
	return cases
}

func vectorCertificate(t testing.TB) *x509.Certificate {
	der, err := base64.StdEncoding.DecodeString(file(t, "certificate.b64"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func vectorKeys(t testing.TB) []crypto.PublicKey {
	return []crypto.PublicKey{vectorCertificate(t).PublicKey}
}

func reasonOf(err error) Reason {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Reason
	}
	if err != nil {
		return "?" + Reason(err.Error())
	}
	return ""
}

func TestVectors_canonical_root(t *testing.T) {
	for _, r := range rows(t, "digests.txt") {
		t.Run(r[0]+" "+strings.Join(r[4:], " "), func(t *testing.T) {
			root, err := Parse([]byte(file(t, r[0]+".xml")), DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			var f form
			for _, p := range r[4:] {
				f.prefixes = append(f.prefixes, strings.TrimPrefix(p, "#default"))
			}
			got, err := canonical(root, f, nil, canonicalLimit)
			if err != nil {
				t.Fatal(err)
			}
			if want, _ := strconv.Atoi(r[1]); len(got) != want {
				t.Errorf("%d octets, want %d", len(got), want)
			}
			for h, want := range map[crypto.Hash]string{crypto.SHA256: r[2], crypto.SHA1: r[3]} {
				if got := base64.StdEncoding.EncodeToString(sum(h, got)); got != want {
					t.Errorf("%v %s, want %s", h, got, want)
				}
			}
		})
	}
}

func TestVectors_V1_to_V7(t *testing.T) {
	cases := vectors(t)
	if len(cases) != 7 {
		t.Fatalf("%d cases", len(cases))
	}
	for name, v := range cases {
		t.Run(name, func(t *testing.T) {
			if sum := sha256.Sum256([]byte(v.document)); len(v.document) != v.octets || hex.EncodeToString(sum[:]) != v.sha256 {
				t.Fatalf("the document was put together wrongly: %d octets", len(v.document))
			}
			root, err := Parse([]byte(v.document), DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			s, err := read(Child(root, dsig, "Signature"), Attr(root, "ID"), Policy{SHA1: true})
			if err != nil {
				t.Fatal(err)
			}
			info, err := canonical(s.info, s.infoForm, nil, canonicalLimit)
			if err != nil {
				t.Fatal(err)
			}
			h := crypto.SHA256
			if v.legacy {
				h = crypto.SHA1
			}
			if got := base64.StdEncoding.EncodeToString(sum(h, info)); len(info) != v.infoOctets || got != v.infoDigest {
				t.Errorf("SignedInfo: %d octets %s, want %d %s", len(info), got, v.infoOctets, v.infoDigest)
			}
			got, err := Verify(root, vectorKeys(t), Policy{SHA1: v.legacy})
			if err != nil {
				t.Fatal(err)
			}
			if got.SHA1 != v.legacy || Child(got.Root, dsig, "Signature") != nil || Attr(got.Root, "ID") != Attr(root, "ID") {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestVectors_V7_is_refused_while_SHA1_is_switched_off(t *testing.T) {
	for _, name := range []string{"V6", "V7"} {
		root, err := Parse([]byte(vectors(t)[name].document), DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(root, vectorKeys(t), Policy{}); reasonOf(err) != ReasonSHA1 {
			t.Errorf("%s: %v", name, err)
		}
	}
}
