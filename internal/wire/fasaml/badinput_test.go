package fasaml_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"
)

// TestBadInput is what strangers send: each is refused by a page of ours with HTTP 400 or 403, in bounded memory, and nothing is posted.
func TestBadInput_is_refused_in_bounded_memory(t *testing.T) {
	r := newRig(t)
	good := string(r.ask())
	root := `<AuthnRequest xmlns="urn:oasis:names:tc:SAML:2.0:protocol" ID="_a">`
	b64 := func(doc string) string { return base64.StdEncoding.EncodeToString([]byte(doc)) }
	form := func(doc string) string { return formOf([]byte(doc)).Encode() }
	laughs := `<!DOCTYPE x [<!ENTITY a "ha">`
	for i := 'b'; i < 'z'; i++ {
		laughs += fmt.Sprintf(`<!ENTITY %c "%s">`, i, strings.Repeat(fmt.Sprintf("&%c;", i-1), 10))
	}
	deflated := &bytes.Buffer{}
	squeeze, _ := flate.NewWriter(deflated, flate.BestCompression)
	_, _ = squeeze.Write([]byte(good))
	_ = squeeze.Close()
	utf16le := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(good)) {
		utf16le = binary.LittleEndian.AppendUint16(utf16le, u)
	}
	many := func(n int) string {
		return root + `<Extensions>` + strings.Repeat(`<a:R xmlns:a="u"/>`, n) + `</Extensions></AuthnRequest>`
	}
	wide := root[:len(root)-1]
	for i := range 10000 {
		wide += fmt.Sprintf(` a%d=""`, i)
	}
	for _, c := range []struct {
		name, body string
		code       string
		status     int
	}{
		{"an XML bomb", form(laughs + `]>` + root + `&y;</AuthnRequest>`), "CH-1601", 400},
		{"a DTD from elsewhere", form(`<!DOCTYPE x SYSTEM "http://evil.test/x.dtd">` + good), "CH-1601", 400},
		{"an entity of a file", form(`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>` + root + `&e;</AuthnRequest>`), "CH-1601", 400},
		{"an entity that nobody declared", form(strings.Replace(good, "</Issuer>", "&nbsp;</Issuer>", 1)), "CH-1601", 400},
		{"deep nesting", form(root + strings.Repeat("<a>", 20000) + strings.Repeat("</a>", 20000) + `</AuthnRequest>`), "CH-1601", 400},
		{"deep nesting that never ends", form(root + strings.Repeat("<a>", 60000)), "CH-1601", 400},
		{"ten thousand attributes asked for", form(many(10000)), "CH-1601", 400},
		{"ten thousand attributes of one element", form(wide + `/>`), "CH-1601", 400},
		{"a comment inside a value", form(strings.Replace(good, "</Issuer>", "<!-- x --></Issuer>", 1)), "CH-1601", 400},
		{"a processing instruction", form(strings.Replace(good, "<Issuer", `<?php evil ?><Issuer`, 1)), "CH-1601", 400},
		{"UTF-16", formOf(utf16le).Encode(), "CH-1601", 400},
		{"an encoding that is not the one declared", form(strings.Replace(good, "utf-8", "ISO-8859-1", 1)), "CH-1601", 400},
		{"bytes that are not UTF-8", form(strings.Replace(good, "Portal", "P\xf3rtal", 1)), "CH-1601", 400},
		{"text that is not XML", form("hello"), "CH-1601", 400},
		{"nothing at all", "SAMLRequest=", "CH-1601", 400},
		{"no field", "RelayState=x", "CH-1601", 400},
		{"two messages", "SAMLRequest=" + url.QueryEscape(b64(good)) + "&" + form(good), "CH-1601", 400},
		{"base64 that is not", "SAMLRequest=%21%21%21%21", "CH-1601", 400},
		{"percent signs that are not encoding", "SAMLRequest=%zz", "CH-1601", 400},
		{"a deflated message, which is another binding's", formOf(deflated.Bytes()).Encode(), "CH-1601", 400},
		{"more fields than anybody needs", strings.Repeat("a=b&", 100) + form(good), "CH-1601", 400},
		{"a document of 300 KiB", form(strings.Replace(good, "Portal", strings.Repeat("P", 300<<10), 1)), "CH-1601", 400},
		{"a body of 10 MB", "SAMLRequest=" + strings.Repeat("A", 10<<20), "CH-1006", 400},
		{"another message", form(`<ArtifactResolve xmlns="urn:oasis:names:tc:SAML:2.0:protocol" ID="_a"/>`), "CH-1602", 400},
		{"the right name in no namespace", form(`<AuthnRequest ID="_a"/>`), "CH-1602", 400},
		{"no Issuer", form(root + `</AuthnRequest>`), "CH-1105", 403},
		{"an Issuer that nobody is", form(strings.Replace(good, ">"+issuer+"<", ">https://nobody.example.test<", 1)), "CH-1105", 403},
		{"an Issuer of half a message", form(strings.Replace(good, ">"+issuer+"<", ">"+strings.Repeat("x", 100<<10)+"<", 1)), "CH-1105", 403},
		{"no signature", form(string(r.request().xml())), "CH-1603", 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := formRequest(c.body)
			w := httptest.NewRecorder()
			handler := r.server.Config.Handler
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			handler.ServeHTTP(w, req)
			runtime.ReadMemStats(&after)
			r.wantHere(t, pageOf(w.Code, w.Header(), w.Body.Bytes()), c.status, c.code)
			if used := after.TotalAlloc - before.TotalAlloc; used > 32<<20 {
				t.Errorf("allocated %d bytes", used)
			}
		})
	}
	t.Run("another content type", func(t *testing.T) {
		req, _ := http.NewRequest(http.MethodPost, r.server.URL+"/fa/default.aspx", strings.NewReader(form(good)))
		req.Header.Set("Content-Type", "text/plain")
		r.wantHere(t, r.browser().do(req), http.StatusBadRequest, "CH-1601")
	})
	t.Run("a body that breaks off", func(t *testing.T) {
		req := httptest.NewRequest(http.MethodPost, "/fa/default.aspx", io.MultiReader(strings.NewReader("SAMLRequest=AAAA"), broken{}))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		r.server.Config.Handler.ServeHTTP(w, req)
		r.wantHere(t, pageOf(w.Code, w.Header(), w.Body.Bytes()), http.StatusBadRequest, "CH-1006")
	})
	t.Run("attributes by the thousand in a signed message", func(t *testing.T) {
		var names []string
		for range 500 {
			names = append(names, uriNIC, "1")
		}
		p := r.browser().send(r.ask(func(a *authn) { a.Extensions = attributes(names...) + level("3") }))
		r.wantRefusal(t, p, "Requester", "InvalidAttrNameOrValue", saysAttrs)
	})
	t.Run("the good one is still taken", func(t *testing.T) {
		if p := r.browser().send([]byte(good)); p.status != http.StatusSeeOther {
			t.Errorf("answered %d %s", p.status, p.fault())
		}
	})
	for _, word := range []string{"Portal", "evil", nic, "nobody"} {
		if strings.Contains(r.logged(), word) {
			t.Errorf("%q of a message is in the log", word)
		}
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
