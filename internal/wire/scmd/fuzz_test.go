package scmd

import (
	"strings"
	"testing"
	"unicode/utf8"

	"chave/internal/core/credential"
	"chave/internal/core/service"
	"chave/internal/format/xmldsig"
)

// FuzzEnvelope: whatever comes is a call of the contract or a fault, and what is written can be read again.
func FuzzEnvelope(f *testing.F) {
	const head, tail = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>`, `</s:Body></s:Envelope>`
	for _, seed := range []string{
		head + `<SCMDSign xmlns="http://Ama.Authentication.Service/"><request xmlns:a="http://schemas.datacontract.org/2004/07/Ama.Structures.CCMovelSignature"><a:ApplicationId>MTI=</a:ApplicationId><a:Hash>AA==</a:Hash></request></SCMDSign>` + tail,
		head + `<CCMovelMultipleSign xmlns="http://Ama.Authentication.Service/"><documents><HashStructure><Hash>AA==</Hash><Name>a</Name><id>0</id></HashStructure></documents></CCMovelMultipleSign>` + tail,
		`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header><a xmlns="urn:x" s:mustUnderstand="1"/></s:Header><s:Body/></s:Envelope>`,
		"", "<", "<!DOCTYPE x>", head, head + `<ValidateOtp i:nil="true" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"/>` + tail,
	} {
		f.Add(seed, "")
		f.Add(seed, `"http://Ama.Authentication.Service/SCMDService/ValidateOtp"`)
	}
	f.Fuzz(func(t *testing.T, body, action string) {
		e, err := readEnvelope([]byte(body))
		if err != nil {
			var fault *soapFault
			if !asFault(err, &fault) || fault.status < 400 {
				t.Fatalf("not a fault: %v", err)
			}
			readable(t, fault.write())
			return
		}
		for _, d := range []*door{scmdDoor(), ccmovelDoor()} {
			op := d.dispatch(e, action)
			if op == nil {
				continue
			}
			args, err := read(e.args, op.in)
			if err != nil {
				continue
			}
			c := &call{door: d, op: op, args: args, service: service.Service{Settings: service.Settings{SCMD: &service.SCMD{}}}}
			_, _ = c.applicationID()
			_, _ = c.request()
			list, _ := readHashes(d, args.inside["documents"], 100)
			if len(list) > 101 {
				t.Fatalf("%d documents kept", len(list))
			}
			readable(t, answer{status: status{code: "200", field: args.text("processId"), message: args.text("userId")}, batch: list, certificate: args.text("code")}.write(op))
		}
	})
}

func asFault(err error, into **soapFault) bool {
	f, ok := err.(*soapFault) //nolint:errorlint // the reader promises this very type
	*into = f
	return ok
}

func readable(t *testing.T, text []byte) {
	t.Helper()
	if !utf8.Valid(text) {
		t.Fatalf("not UTF-8: %q", text)
	}
	if _, err := xmldsig.Parse(text, xmldsig.Limits{Bytes: 16 << 20, Depth: 32, Elements: 1 << 16, Attributes: 64}); err != nil {
		t.Fatalf("not readable: %v\n%s", err, text)
	}
}

// FuzzFields: no text makes anything but digits a PIN or a code, or anything but a number a phone; and every block is tried under every key.
func FuzzFields(f *testing.F) {
	for _, seed := range []string{"", "4711", "+351 929943618", "00351929943618", "AAAA", strings.Repeat("A", 344), strings.Repeat("A", 5000), "%%%", "\x00\xff", "１２３４"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if number, ok := phone(text); ok && !phoneForm.MatchString(number) {
			t.Fatalf("%q became %q", text, number)
		}
		clear, sealed := &call{door: ccmovelDoor()}, &call{door: scmdDoor()}
		tried := 0
		keys := decrypters{}
		for range 3 {
			keys = append(keys, func(block []byte) ([]byte, bool) {
				tried++
				if len(block) == 0 {
					t.Fatal("an empty block")
				}
				return append([]byte{}, block...), tried == 2 // the block is its own plain text
			})
		}
		for _, c := range []*call{clear, sealed} {
			typed := pin(c, keys, text).Reveal()
			if typed != "" && (len(typed) < 4 || len(typed) > 8 || strings.Trim(typed, "0123456789") != "") {
				t.Fatalf("%q became a PIN", text)
			}
			if one := code(c, keys, text); one != (credential.Code{}) && len(one.Reveal()) != 6 {
				t.Fatalf("%q became a code", text)
			}
		}
		if tried != 6 {
			t.Fatalf("%d tries for two fields under three keys", tried)
		}
		_, _, _ = (&Provider{}).digest(sealed, []byte(text))
	})
}
