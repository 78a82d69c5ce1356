package fasaml

import (
	"os"
	"strings"
	"testing"
	"time"

	"chave/internal/core/consent"
	"chave/internal/core/service"
	"chave/internal/format/saml"
	"chave/internal/format/xmldsig"
)

func vector(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/vectors/" + name + ".xml")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// vectorHead is what vectors B and C have in common.
func vectorHead(id string) head {
	return head{
		ID: id, InResponseTo: "_5f1c2a4e-7d0b-4c1e-9a35-2b6f0d1e8c77", At: time.Date(2026, 1, 15, 10, 21, 5, 432100900, time.UTC),
		Destination: "https://sp.example.test/acs", Issuer: "https://fa.example.test",
	}
}

func vectorB() success {
	at := vectorHead("").At
	return success{
		head: vectorHead("_0b7d1f52-3c8e-4f6a-8d21-6a9e4c5b7f10"), AssertionID: "_c93e7a18-51d4-47b0-b6fe-0e2a8d7c4b35", Level: service.LevelPhone,
		Audience: "https://sp.example.test", Recipient: "https://sp.example.test/acs", Name: constantName(), Address: "192.0.2.10", Until: at.Add(5 * time.Minute),
		AuthnInstant: at, Attributes: []attribute{
			{"http://interop.gov.pt/MDC/Cidadao/NIC", saml.AttrNameURI, consent.Available, "10000000"},
			{"http://interop.gov.pt/MDC/Cidadao/NomeCompleto", "", consent.Withheld, ""},
		},
	}
}

func TestVectorB_success_byte_for_byte(t *testing.T) {
	if got, want := string(vectorB().response()), vector(t, "B"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestVectorC_refusal_byte_for_byte(t *testing.T) {
	for _, cause := range []string{"CH-1108", "CH-1109"} {
		got := string(vectorHead("_6a2f9d3b-0c47-4e1d-a5b8-9f7e3c2d1a04").failure("Response", verdictOf(faultOf(cause))))
		if want := vector(t, "C"); got != want {
			t.Errorf("%s: got  %s\nwant %s", cause, got, want)
		}
	}
}

func TestVectorE_logout_answer_byte_for_byte(t *testing.T) {
	h := head{
		ID: "_2d8e5f71-b3c6-49a0-9e74-1c5f8a0b6d23", InResponseTo: "_e41b6c07-9a52-4d83-8f1c-7b0a5d2e6394", At: time.Date(2026, 1, 15, 11, 0, 0, 876543200, time.UTC),
		Destination: "https://sp.example.test/logged-out", Issuer: "https://fa.example.test",
	}
	if got, want := string(h.loggedOut()), vector(t, "E"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestTemplates_carry_any_text(t *testing.T) {
	odd := "<&>\"'\r\n\té]]>\x01"
	s := vectorB()
	s.Attributes = []attribute{{Name: "http://interop.gov.pt/x?a=" + odd, NameFormat: odd, State: consent.Available, Value: odd}}
	s.Audience, s.Recipient, s.Address, s.Destination, s.Name = odd, odd, odd, odd, nameID{odd, odd, odd, odd}
	root, err := xmldsig.Parse(s.response(), xmldsig.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	a := root.SelectElement("Assertion").SelectElement("AttributeStatement").SelectElement("Attribute")
	kept := strings.ReplaceAll(odd, "\x01", "�")
	if got := xmldsig.Attr(a, "Name"); got != "http://interop.gov.pt/x?a="+kept {
		t.Errorf("name %q", got)
	}
	if got := a.SelectElement("AttributeValue").Text(); got != kept {
		t.Errorf("value %q", got)
	}
	b, err := xmldsig.Parse(s.failure("Response", verdict{"a", "b", "c<d"}), xmldsig.DefaultLimits())
	if err != nil || xmldsig.Attr(b, "Destination") != kept {
		t.Errorf("refusal: %v", err)
	}
}
