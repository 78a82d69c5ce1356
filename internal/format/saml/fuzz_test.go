package saml

import (
	"crypto"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"chave/internal/format/xmldsig"
)

// What a message says about itself must fit to be stored, echoed and logged.
func FuzzParseAuthnRequest(f *testing.F) {
	for _, name := range []string{"A.xml", "B.xml", "C.xml", "D.xml", "E.xml"} {
		f.Add([]byte(vectorFile(f, name)))
	}
	a := vectorFile(f, "A.xml")
	for _, extra := range []string{
		`<NameIDPolicy Format="x" AllowCreate="true"/>`, `<RequestedAuthnContext Comparison="exact"><AuthnContextClassRef xmlns="` + NSAssertion + `">x</AuthnContextClassRef></RequestedAuthnContext>`,
		`<Subject xmlns="` + NSAssertion + `"><NameID>x</NameID></Subject>`, `<Subject xmlns="` + NSAssertion + `"><EncryptedID/></Subject>`, `<Extensions xmlns="urn:x"/>`,
	} {
		f.Add([]byte(strings.Replace(a, "</AuthnRequest>", extra+"</AuthnRequest>", 1)))
	}
	f.Add([]byte(strings.Replace(a, " Version", ` ForceAuthn="1" IsPassive="false" AssertionConsumerServiceIndex="1" Version`, 1)))
	f.Fuzz(func(t *testing.T, doc []byte) {
		root, err := xmldsig.Parse(doc, xmldsig.DefaultLimits())
		if err != nil {
			return
		}
		request, err := ParseAuthnRequest(root)
		sane(t, request.Message, err)
		logout, err := ParseLogoutRequest(root)
		sane(t, logout.Message, err)
		answer, err := ParseLogoutResponse(root)
		sane(t, answer.Message, err)
	})
}

func sane(t *testing.T, m Message, err error) {
	if err != nil {
		if reasonOf(err)[0] == '?' {
			t.Fatalf("%T: %v", err, err)
		}
		return
	}
	if !xmldsig.IsNCName(m.ID) || len(m.ID) > maxID || m.Issuer == "" || m.IssueInstant.IsZero() && m.IssueInstant.Year() != 1 || !utf8.ValidString(m.ID+m.Issuer+m.Destination) {
		t.Fatalf("%+v", m)
	}
}

func FuzzDecodePOST(f *testing.F) {
	for _, s := range []string{"", " ", "PD94", "PD94IA==", "P D94", "PD94\r\n IA==", "+ +", "====", EncodePOST([]byte(vectorFile(f, "D.xml")))} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		doc, err := DecodePOST(value, 1024)
		if err != nil {
			if reasonOf(err)[0] == '?' {
				t.Fatal(err)
			}
			return
		}
		if len(doc) > 1024 {
			t.Fatalf("%d octets", len(doc))
		}
		if again, err := DecodePOST(EncodePOST(doc), 1024); err != nil || string(again) != string(doc) {
			t.Fatal(err)
		}
	})
}

func FuzzDecodeRedirect(f *testing.F) {
	for _, s := range []string{"", "AA==", "AwA=", EncodeRedirect([]byte(vectorFile(f, "D.xml"))), EncodeRedirect(make([]byte, 2000)), EncodeRedirect(nil)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		doc, err := DecodeRedirect(value, 1024)
		if err != nil {
			if reasonOf(err)[0] == '?' {
				t.Fatal(err)
			}
			return
		}
		if len(doc) > 1024 {
			t.Fatalf("%d octets", len(doc))
		}
		if again, err := DecodeRedirect(EncodeRedirect(doc), 1024); err != nil || string(again) != string(doc) {
			t.Fatal(err)
		}
	})
}

// A query verifies only if the signed octets are the ones that were signed; and what is read from it is what the URL's own reader finds.
func FuzzVerifyQuery(f *testing.F) {
	good, err := SignQuery(p256(), 0, Pair{"SAMLRequest", "abc+/="}, Pair{"RelayState", "a b&"})
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{good, "", "SAMLRequest=a", "SAMLResponse=a&SAMLRequest=b", good + "&x=%zz", "SAMLEncoding=x&" + good, "%53AMLRequest=a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := ParseQuery(raw)
		if err != nil {
			if reasonOf(err)[0] == '?' {
				t.Fatal(err)
			}
			return
		}
		name := "SAMLRequest"
		if q.Response {
			name = "SAMLResponse"
		}
		if values, err := url.ParseQuery(raw); err == nil && (len(values[name]) != 1 || values.Get(name) != q.Message || values.Get("RelayState") != q.RelayState) {
			t.Fatalf("%+v, but %v", q, values)
		}
		if v, err := VerifyQuery(raw, []crypto.PublicKey{p256().Public()}, xmldsig.Policy{}); err == nil && (v.RelayState == "" || v.Message == "") {
			t.Fatalf("%q verifies", raw)
		}
	})
}

func FuzzParseEntity(f *testing.F) {
	good := entityHead + keyDescriptor("signing", certify(f, p256())) + keyDescriptor("", certify(f, rsaKey())) + logoutPart + acsPart + entityTail
	for _, s := range []string{good, strings.Replace(good, "https", "", 1), entityHead + entityTail, vectorFile(f, "A.xml"), string(provider(f).Metadata())} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		e, err := ParseEntity(doc)
		if err == nil && (e.EntityID == "" || len(e.Consumers) == 0 || e.Consumers[0].Location == "") {
			t.Fatalf("%+v", e)
		}
	})
}
