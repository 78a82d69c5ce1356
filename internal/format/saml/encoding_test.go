package saml

import (
	"bytes"
	"compress/flate"
	"runtime"
	"strings"
	"testing"
)

const limit = 256 << 10

func TestDecodePOST(t *testing.T) {
	doc := `<r a="~~~???>>>">` + strings.Repeat("São~~~???", 40) + `</r>`
	plain := EncodePOST([]byte(doc))
	if !strings.Contains(plain, "+") || !strings.HasSuffix(plain, "=") {
		t.Fatal("the sample has no plus or no padding")
	}
	lines := func(s, end string, n int) string {
		var b strings.Builder
		for ; len(s) > n; s = s[n:] {
			b.WriteString(s[:n] + end)
		}
		return b.String() + s + end
	}
	for name, value := range map[string]string{
		"on one line":                            plain,
		"line breaks":                            lines(plain, "\n", 76),
		"Windows line breaks":                    lines(plain, "\r\n", 64),
		"line breaks and indents":                "\n    " + lines(plain, "  \r\n\t    ", 64),
		"spaces":                                 lines(plain, " ", 64),
		"every plus a space":                     strings.ReplaceAll(plain, "+", " "),
		"every plus a space, and line breaks":    lines(strings.ReplaceAll(plain, "+", " "), "\r\n", 61),
		"without padding":                        strings.TrimRight(plain, "="),
		"without padding, every plus is a space": strings.TrimRight(strings.ReplaceAll(plain, "+", " "), "="),
		"spaces at both ends":                    "  " + plain + " ",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := DecodePOST(value, limit)
			if err != nil || string(got) != doc {
				t.Errorf("%v %q", err, got)
			}
		})
	}
}

func TestDecodePOST_refuses(t *testing.T) {
	for _, c := range []struct {
		name, value string
		want        Reason
	}{
		{"nothing", "", ReasonBase64},
		{"spaces", " \n ", ReasonBase64},
		{"padding alone", "====", ReasonBase64},
		{"XML", "<AuthnRequest/>", ReasonBase64},
		{"URL-safe base64", "PD94-_8=", ReasonBase64},
		{"percent signs", "PD94%2B", ReasonBase64},
		{"one letter", "P", ReasonBase64},
		{"padding inside", "PD94=PD94", ReasonBase64},
		{"a NUL", "PD94\x00", ReasonBase64},
		{"too large", EncodePOST(make([]byte, limit+1)), ReasonTooLarge},
		{"10 MB", strings.Repeat("A", 10<<20), ReasonTooLarge},
		{"10 MB of line breaks", strings.Repeat("\n", 10<<20), ReasonTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := DecodePOST(c.value, limit); reasonOf(err) != c.want {
				t.Errorf("%v, want %s; %d octets", err, c.want, len(got))
			}
		})
	}
	if got, err := DecodePOST(EncodePOST(make([]byte, limit)), limit); err != nil || len(got) != limit {
		t.Errorf("the largest message is refused: %v", err)
	}
}

func TestDecodeRedirect(t *testing.T) {
	doc := []byte(vectorFile(t, "A.xml"))
	packed := EncodeRedirect(doc)
	for _, value := range []string{packed, packed[:40] + "\r\n" + packed[40:], strings.ReplaceAll(packed, "+", " ")} {
		if got, err := DecodeRedirect(value, limit); err != nil || !bytes.Equal(got, doc) {
			t.Error(err)
		}
	}
	for _, c := range []struct {
		name, value string
		want        Reason
	}{
		{"nothing", "", ReasonBase64},
		{"not base64", "*", ReasonBase64},
		{"not deflated", EncodePOST(doc), ReasonDeflate},
		{"cut", EncodePOST(deflated(doc)[:200]), ReasonDeflate},
		{"something behind", EncodePOST(append(deflated(doc), 0)), ReasonDeflate},
		{"zlib around it", EncodePOST(append([]byte{0x78, 0x9c}, deflated(doc)...)), ReasonDeflate},
		{"10 MB sent", strings.Repeat("A", 10<<20), ReasonTooLarge},
		{"a bomb", EncodeRedirect(make([]byte, 64<<20)), ReasonTooLarge},
		{"one octet too many", EncodeRedirect(make([]byte, limit+1)), ReasonTooLarge},
		{"the largest", EncodeRedirect(make([]byte, limit)), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := DecodeRedirect(c.value, limit); reasonOf(err) != c.want {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func deflated(doc []byte) []byte {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, 9)
	w.Write(doc)
	w.Close()
	return b.Bytes()
}

func TestDecode_in_bounded_memory(t *testing.T) {
	bomb := EncodeRedirect(make([]byte, 128<<20))
	long := strings.Repeat("A ", 5<<20)
	for name, do := range map[string]func() error{
		"a bomb of 128 MB":  func() error { _, err := DecodeRedirect(bomb, limit); return err },
		"10 MB by POST":     func() error { _, err := DecodePOST(long, limit); return err },
		"10 MB by Redirect": func() error { _, err := DecodeRedirect(long, limit); return err },
		"10 MB of parameters": func() error {
			_, err := ParseQuery("SAMLRequest=a&" + strings.Repeat("x&", 1<<20) + "SAMLRequest=b")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			err := do()
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; err == nil || got > 5<<20 {
				t.Errorf("%v, %d octets allocated", err, got)
			}
		})
	}
}
