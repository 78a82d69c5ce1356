package draft

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCleanName_shows_and_saves_safely(t *testing.T) {
	for typed, want := range map[string]string{
		"Contrato de arrendamento.pdf": "Contrato de arrendamento.pdf",
		`C:\Users\Ana\contrato.pdf`:    "contrato.pdf",
		"../../etc/passwd":             "passwd",
		"a\r\nSet-Cookie: x.pdf":       "aSet-Cookie x.pdf",
		"fdp.\u202etnoc.pdf":           "fdp.tnoc.pdf",
		"Ação \"final\" <1>.pdf":       "Ação final 1.pdf",
		"":                             "documento.pdf",
		"..":                           "documento.pdf",
		"\xff\xfe.pdf":                 "pdf",
		"合同.pdf":                       "合同.pdf",
	} {
		if got := CleanName(typed); got != want {
			t.Errorf("%q became %q, want %q", typed, got, want)
		}
	}
	long := CleanName(strings.Repeat("ç", 5000) + " final.pdf")
	if utf8.RuneCountInString(long) != 200 || !strings.HasSuffix(long, " final.pdf") {
		t.Errorf("a long name became %q", long)
	}
}

func FuzzCleanName(f *testing.F) {
	f.Add("a/b\\c.pdf")
	f.Add("\x00\u202e")
	f.Fuzz(func(t *testing.T, typed string) {
		name := CleanName(typed)
		if name == "" || !utf8.ValidString(name) || strings.ContainsAny(name, "/\\\"\r\n\x00") || utf8.RuneCountInString(name) > 200 {
			t.Errorf("%q became %q", typed, name)
		}
		if again := CleanName(name); again != name && utf8.RuneCountInString(name) < 200 {
			t.Errorf("%q, cleaned again, became %q", name, again)
		}
	})
}
