package saml

import (
	"crypto"
	"net/url"
	"strings"
	"testing"

	"chave/internal/format/xmldsig"
)

func TestQuery_signed_is_verified(t *testing.T) {
	message := EncodeRedirect([]byte(vectorFile(t, "D.xml")))
	for _, key := range []crypto.Signer{rsaKey(), p256(), p521()} {
		for _, hash := range []crypto.Hash{0, crypto.SHA384, crypto.SHA512} {
			for _, pairs := range [][]Pair{
				{{"SAMLRequest", message}},
				{{"SAMLRequest", message}, {"RelayState", ""}},
				{{"SAMLResponse", message}, {"RelayState", "a b+c&d=é/~*\n"}},
			} {
				raw, err := SignQuery(key, hash, pairs...)
				if err != nil {
					t.Fatal(err)
				}
				q, err := VerifyQuery("x=1&"+raw+"&y=2", []crypto.PublicKey{otherRSA().Public(), key.Public()}, xmldsig.Policy{})
				if err != nil {
					t.Fatal(err)
				}
				want := Query{Message: message, Response: pairs[0].Name == "SAMLResponse", Signed: true, Key: 1}
				if len(pairs) > 1 {
					want.HasRelayState, want.RelayState = true, pairs[1].Value
				}
				if q != want {
					t.Errorf("%+v, want %+v", q, want)
				}
				if _, err := DecodeRedirect(q.Message, limit); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// The signature is over the octets as sent: others escape differently, and in another order than they sign.
func TestQuery_signature_is_over_the_octets_as_sent(t *testing.T) {
	signed := "SAMLRequest=fZ%2bX%2Fy%3d&RelayState=a%20b~%7e&SigAlg=http%3a%2f%2fwww.w3.org%2f2001%2f04%2fxmldsig-more%23rsa-sha256"
	_, value, err := xmldsig.SignOctets(rsaKey(), 0, []byte(signed))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(signed+"&Signature="+url.QueryEscape(text64(value)), "&")
	raw := strings.Join([]string{parts[3], parts[2], "lang=pt", parts[1], parts[0], "SAMLEncoding=" + url.QueryEscape(EncodingDeflate)}, "&")
	q, err := VerifyQuery(raw, []crypto.PublicKey{rsaKey().Public()}, xmldsig.Policy{})
	if err != nil || q.Message != "fZ+X/y=" || q.RelayState != "a b~~" {
		t.Errorf("%v %+v", err, q)
	}
	for name, changed := range map[string]string{
		"escaped otherwise": strings.Replace(raw, "fZ%2bX", "fZ%2BX", 1),
		"relay state":       strings.Replace(raw, "a%20b", "a%20c", 1),
		"no relay state":    strings.Replace(raw, "&RelayState=a%20b~%7e", "", 1),
	} {
		if _, err := VerifyQuery(changed, []crypto.PublicKey{rsaKey().Public()}, xmldsig.Policy{}); reasonOf(err) != ReasonSignature {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestQuery_refuses(t *testing.T) {
	raw, err := SignQuery(rsaKey(), 0, Pair{"SAMLRequest", "abc"}, Pair{"RelayState", "r"})
	if err != nil {
		t.Fatal(err)
	}
	old, err := SignQuery(rsaKey(), crypto.SHA1, Pair{"SAMLRequest", "abc"})
	if err != nil {
		t.Fatal(err)
	}
	message, signature, _ := strings.Cut(raw, "&SigAlg=")
	algorithm, signature, _ := strings.Cut(signature, "&Signature=")
	for _, c := range []struct {
		name, raw string
		want      Reason
	}{
		{"nothing", "", ReasonQuery},
		{"no message", "RelayState=r", ReasonQuery},
		{"both messages", raw + "&SAMLResponse=abc", ReasonQuery},
		{"a message twice", raw + "&SAMLRequest=abd", ReasonQuery},
		{"relay state twice", "RelayState=evil&" + raw, ReasonQuery},
		{"signature twice", raw + "&Signature=AAAA", ReasonQuery},
		{"a message twice, one spelled with escapes", raw + "&%53AMLRequest=abd", ReasonQuery},
		{"the message spelled with escapes", strings.Replace(raw, "SAMLRequest", "SAMLReques%74", 1), ReasonQuery},
		{"bad escapes", strings.Replace(raw, "=abc", "=ab%zz", 1), ReasonQuery},
		{"another encoding", raw + "&SAMLEncoding=urn:x", ReasonQuery},
		{"half a signature", message + "&Signature=" + signature, ReasonQuery},
		{"the other half", message + "&SigAlg=" + algorithm, ReasonQuery},
		{"no signature", message, ReasonUnsigned},
		{"unknown algorithm", message + "&SigAlg=urn:x&Signature=" + signature, ReasonAlgorithm},
		{"HMAC", message + "&SigAlg=http://www.w3.org/2000/09/xmldsig%23hmac-sha1&Signature=" + signature, ReasonAlgorithm},
		{"SHA-1", old, ReasonSHA1},
		{"a signature that is no base64", message + "&SigAlg=" + algorithm + "&Signature=***", ReasonBase64},
		{"an endless signature", message + "&SigAlg=" + algorithm + "&Signature=" + strings.Repeat("A", 1<<20), ReasonTooLarge},
		{"a changed message", strings.Replace(raw, "abc", "abd", 1), ReasonSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := VerifyQuery(c.raw, []crypto.PublicKey{rsaKey().Public()}, xmldsig.Policy{}); reasonOf(err) != c.want {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
	if q, err := VerifyQuery(old, []crypto.PublicKey{rsaKey().Public()}, xmldsig.Policy{SHA1: true}); err != nil || !q.SHA1 {
		t.Error(err)
	}
	if _, err := VerifyQuery(raw, []crypto.PublicKey{otherRSA().Public()}, xmldsig.Policy{}); reasonOf(err) != ReasonSignature {
		t.Error(err)
	}
	if _, err := VerifyQuery(raw, []crypto.PublicKey{p256().Public()}, xmldsig.Policy{}); reasonOf(err) != ReasonKey {
		t.Error(err)
	}
	if q, err := ParseQuery(message); err != nil || q != (Query{Message: "abc", RelayState: "r", HasRelayState: true}) {
		t.Errorf("%v %+v", err, q)
	}
	for _, pairs := range [][]Pair{nil, {{"RelayState", "r"}}, {{"SAMLRequest", "a"}, {"x", "y"}}, {{"SAMLRequest", "a"}, {"RelayState", "r"}, {"x", "y"}}} {
		if _, err := SignQuery(rsaKey(), 0, pairs...); reasonOf(err) != ReasonQuery {
			t.Error(err)
		}
	}
	if _, err := SignQuery(nil, 0, Pair{"SAMLRequest", "a"}); reasonOf(err) != ReasonKey {
		t.Error(err)
	}
}
