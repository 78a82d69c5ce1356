package xmldsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"
)

// Every negative test of cmd-authentication §4.4 that concerns the format, by its name there. The others (stale instant, the same
// ID twice, consumer URL) are the wires'.
func TestNegative_4_4_from_V1(t *testing.T) {
	v1 := vectors(t)["V1"].document
	before, rest, _ := strings.Cut(v1, "<Signature ")
	inside, after, _ := strings.Cut(rest, "</Signature>")
	signature := "<Signature " + inside + "</Signature>"
	ours := `xmlns:d="http://www.w3.org/2000/09/xmldsig#"`
	_, reference, _ := strings.Cut(inside, "<Reference ")
	reference, _, _ = strings.Cut(reference, "</Reference>")
	reference = "<Reference " + reference + "</Reference>"

	for _, c := range []struct {
		name, doc string
		want      Reason
	}{
		{"unchanged", v1, ""},
		{"one letter of the Issuer changed", strings.Replace(v1, ">https://sp.example.test<", ">https://sq.example.test<", 1), ReasonDigest},
		{"ProviderName changed", strings.Replace(v1, "Portal de Exemplo", "Portal do Exemplo", 1), ReasonDigest},
		{"Signature moved under Extensions", before + strings.Replace(after, "<Extensions>", "<Extensions>"+signature, 1), ReasonSignatureMisplaced},
		{"root ID duplicated on a second element", strings.Replace(v1, "<Extensions>", `<Extensions ID="`+idA+`">`, 1), ReasonDuplicateID},
		{"root ID duplicated, spelled Id", strings.Replace(v1, "<Extensions>", `<Extensions Id="`+idA+`">`, 1), ReasonDuplicateID},
		{"root ID duplicated, spelled xml:id", strings.Replace(v1, "<Extensions>", `<Extensions xml:id="`+idA+`">`, 1), ReasonDuplicateID},
		{"root ID duplicated, in a foreign namespace", strings.Replace(v1, "<Extensions>", `<Extensions x:iD="`+idA+`" xmlns:x="urn:x">`, 1), ReasonDuplicateID},
		{"two Signature elements", before + signature + signature + after, ReasonSignatureRepeated},
		{"a second Signature, prefixed and deep", strings.Replace(v1, "</Extensions>", `<d:Signature `+ours+`/></Extensions>`, 1), ReasonSignatureRepeated},
		{"two Reference elements", strings.Replace(v1, "</Reference>", "</Reference>"+reference, 1), ReasonReference},
		{`URI=""`, strings.Replace(v1, `URI="#`+idA+`"`, `URI=""`, 1), ReasonReference},
		{"no URI", strings.Replace(v1, ` URI="#`+idA+`"`, ``, 1), ReasonReference},
		{"extra XPath transform", strings.Replace(v1, "</Transforms>", `<Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><XPath>true()</XPath></Transform></Transforms>`, 1), ReasonTransform},
		{"extra XSLT transform", strings.Replace(v1, "</Transforms>", `<Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"/></Transforms>`, 1), ReasonTransform},
		{"DOCTYPE with an entity", strings.Replace(v1, "<AuthnRequest ", `<!DOCTYPE AuthnRequest [<!ENTITY e "https://sp.example.test">]><AuthnRequest `, 1), ReasonDTD},
		{"HMAC with the certificate as key", hmacForgery(t, v1), ReasonAlgorithm},
		{"comment inside Issuer text", strings.Replace(v1, ">https://sp.example.test<", ">https://sp.example.test<!-- -->.evil.test<", 1), ReasonComment},
		{"no signature", before + after, ReasonSignatureMissing},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.want != "" && c.doc == v1 {
				t.Fatal("the test changed nothing")
			}
			if _, err := check(c.doc, Policy{SHA1: true}, vectorKeys(t)...); reasonOf(err) != c.want {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	t.Run("correct signature by a key that is not registered", func(t *testing.T) {
		if _, err := check(v1, Policy{}, otherRSA().Public()); reasonOf(err) != ReasonSignature {
			t.Error(err)
		}
	})
	t.Run("no key registered", func(t *testing.T) {
		if _, err := check(v1, Policy{}); reasonOf(err) != ReasonKey {
			t.Error(err)
		}
	})
}

// hmacForgery re-signs V1 with HMAC under the public certificate, which a verifier that takes any algorithm would accept.
func hmacForgery(t *testing.T, doc string) string {
	doc = strings.Replace(doc, "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", 1)
	root, err := Parse([]byte(doc), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	info, err := canonical(Child(Child(root, dsig, "Signature"), dsig, "SignedInfo"), form{}, nil, canonicalLimit)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, vectorCertificate(t).Raw)
	mac.Write(info)
	start, rest, _ := strings.Cut(doc, "<SignatureValue>")
	_, end, _ := strings.Cut(rest, "</SignatureValue>")
	return start + "<SignatureValue>" + base64.StdEncoding.EncodeToString(mac.Sum(nil)) + "</SignatureValue>" + end
}

// Here the signature itself holds, made by a registered key: only the rule refuses.
func TestVerify_refuses_what_a_registered_key_signed_wrongly(t *testing.T) {
	a := file(t, "A.xml")
	good := methodEXC + methodRSA + referenceA
	if got, err := check(forge(t, a, good), Policy{}, otherRSA().Public(), rsaKey().Public()); err != nil || got.Key != 1 {
		t.Fatalf("the pieces do not verify: %v, key %d", err, got.Key)
	}
	for _, c := range []struct {
		name, info string
		want       Reason
	}{
		{"two references", good + referenceA, ReasonReference},
		{`URI=""`, strings.Replace(good, "#"+idA, "", 1), ReasonReference},
		{"URI to another element", strings.Replace(good, "#"+idA, "#other", 1), ReasonReference},
		{"URI by xpointer", strings.Replace(good, "#"+idA, "#xpointer(id('"+idA+"'))", 1), ReasonReference},
		{"URI to the outside", strings.Replace(good, "#"+idA, "https://evil.test/#"+idA, 1), ReasonReference},
		{"no transforms", strings.Replace(good, "<Transforms>"+transformEnv+transformEXC+"</Transforms>", "", 1), ReasonSignatureMalformed},
		{"enveloped alone", strings.Replace(good, transformEXC, "", 1), ReasonTransform},
		{"exclusive alone", strings.Replace(good, transformEnv, "", 1), ReasonTransform},
		{"the wrong way round", strings.Replace(good, transformEnv+transformEXC, transformEXC+transformEnv, 1), ReasonTransform},
		{"twice enveloped", strings.Replace(good, transformEnv, transformEnv+transformEnv, 1), ReasonTransform},
		{"inclusive reference", strings.Replace(good, transformEXC, `<Transform Algorithm="`+inclusive+`"/>`, 1), ReasonTransform},
		{"something in the enveloped transform", strings.Replace(good, transformEnv, strings.Replace(transformEnv, "/>", "><XPath>1</XPath></Transform>", 1), 1), ReasonTransform},
		{"base64 transform", strings.Replace(good, transformEnv, `<Transform Algorithm="http://www.w3.org/2000/09/xmldsig#base64"/>`, 1), ReasonTransform},
		{"unknown canonicalisation", strings.Replace(good, methodEXC, `<CanonicalizationMethod Algorithm="urn:x"/>`, 1), ReasonAlgorithm},
		{"canonicalisation 1.1", strings.Replace(good, methodEXC, `<CanonicalizationMethod Algorithm="http://www.w3.org/2006/12/xml-c14n11"/>`, 1), ReasonAlgorithm},
		{"signature parameters", strings.Replace(good, methodRSA, strings.Replace(methodRSA, "/>", "><HMACOutputLength>8</HMACOutputLength></SignatureMethod>", 1), 1), ReasonAlgorithm},
		{"RSA with MD5", strings.Replace(good, "xmldsig-more#rsa-sha256", "xmldsig-more#rsa-md5", 1), ReasonAlgorithm},
		{"digest MD5", strings.Replace(good, "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmldsig-more#md5", 1), ReasonAlgorithm},
		{"digest SHA-1", strings.Replace(good, "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1", 1), ReasonSHA1},
		{"digest not base64", strings.Replace(good, "{DV}", "*", 1), ReasonSignatureMalformed},
		{"digest empty", strings.Replace(good, "{DV}", "", 1), ReasonSignatureMalformed},
		{"a manifest beside", good + "<Manifest/>", ReasonReference},
		{"text between", strings.Replace(good, methodRSA, "x"+methodRSA, 1), ReasonSignatureMalformed},
		{"a foreign element between", strings.Replace(good, methodRSA, `<x xmlns="urn:x"/>`+methodRSA, 1), ReasonSignatureMalformed},
		{"parts in another order", methodRSA + methodEXC + referenceA, ReasonSignatureMalformed},
		{"no canonicalisation", methodRSA + referenceA, ReasonSignatureMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := check(forge(t, a, c.info), Policy{}, rsaKey().Public()); reasonOf(err) != c.want {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	t.Run("an Object beside SignedInfo", func(t *testing.T) {
		doc := strings.Replace(forge(t, a, good), "</Signature>", "<Object/></Signature>", 1)
		if _, err := check(doc, Policy{}, rsaKey().Public()); reasonOf(err) != ReasonSignatureMalformed {
			t.Error(err)
		}
	})
	t.Run("a root without ID", func(t *testing.T) {
		doc := strings.Replace(forge(t, a, good), ` ID="`+idA+`"`, "", 1)
		if _, err := check(doc, Policy{}, rsaKey().Public()); reasonOf(err) != ReasonReference {
			t.Error(err)
		}
	})
	t.Run("whatever KeyInfo says, the registered key counts", func(t *testing.T) {
		for _, info := range []string{"<KeyInfo/>", "<KeyInfo><KeyName>x</KeyName><X509Data><X509Certificate>AAAA</X509Certificate></X509Data></KeyInfo>", `<KeyInfo><x:y xmlns:x="urn:x"/></KeyInfo>`} {
			doc := strings.Replace(forge(t, a, good), "</Signature>", info+"</Signature>", 1)
			if _, err := check(doc, Policy{}, rsaKey().Public()); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("base64 may be broken into lines", func(t *testing.T) {
		doc := forge(t, a, good)
		_, value, _ := strings.Cut(doc, "<SignatureValue>")
		value, _, _ = strings.Cut(value, "<")
		doc = strings.Replace(doc, value, "\n  "+value[:76]+"\r\n"+value[76:]+"&#13;\n", 1)
		if _, err := check(doc, Policy{}, rsaKey().Public()); err != nil {
			t.Error(err)
		}
	})
}

func TestVerify_reads_only_what_was_hashed(t *testing.T) {
	doc := sign(t, file(t, "A.xml"), Signer{})
	root, err := Parse([]byte(doc), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	got, err := Verify(root, public(rsaKey()), Policy{})
	if err != nil {
		t.Fatal(err)
	}
	if got.Root == root || got.Root.Parent() != nil || Child(got.Root, dsig, "Signature") != nil {
		t.Error("the verified root is not a tree of its own without signature")
	}
	if Text(Child(got.Root, "urn:oasis:names:tc:SAML:2.0:assertion", "Issuer")) != "https://sp.example.test" {
		t.Error("the Issuer was lost")
	}
	if Child(root, dsig, "Signature") == nil {
		t.Error("verification changed the caller's tree")
	}
}

func TestVerify_refuses_weak_and_unknown_keys(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	doc := sign(t, file(t, "A.xml"), Signer{})
	small, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	edwards, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, k := range map[string]crypto.PublicKey{
		"RSA-1024": newRSA(1024).Public(), "P-224": small.Public(), "Ed25519": edwards, "nothing": nil, "text": "key", "P-256 for an RSA signature": p256().Public(),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := check(doc, Policy{}, k); reasonOf(err) != ReasonKey {
				t.Error(err)
			}
		})
	}
	if _, err := (Signer{Key: small}).Sign([]byte(file(t, "A.xml"))); reasonOf(err) != ReasonKey {
		t.Error("signed with P-224: ", err)
	}
	if _, err := (Signer{}).Sign([]byte(file(t, "A.xml"))); reasonOf(err) != ReasonKey {
		t.Error("signed without key: ", err)
	}
	if _, err := (Signer{Key: p256(), Profile: Profile{Hash: crypto.SHA1}}).Sign([]byte(file(t, "A.xml"))); reasonOf(err) != ReasonAlgorithm {
		t.Error("signed with ECDSA and SHA-1: ", err)
	}
}

// The value of an ECDSA signature is r and s side by side (RFC 4050 §3.3); some libraries wrongly write ASN.1.
func TestVerify_wants_ECDSA_as_two_numbers_of_fixed_length(t *testing.T) {
	for name, key := range map[string]crypto.Signer{"P-256": p256(), "P-384": p384(), "P-521": p521()} {
		t.Run(name, func(t *testing.T) {
			doc := sign(t, file(t, "A.xml"), Signer{Key: key})
			start, rest, _ := strings.Cut(doc, "<SignatureValue>")
			text, end, _ := strings.Cut(rest, "</SignatureValue>")
			value, _ := base64.StdEncoding.DecodeString(text)
			n := map[string]int{"P-256": 32, "P-384": 48, "P-521": 66}[name]
			if len(value) != 2*n {
				t.Fatalf("%d octets, want %d", len(value), 2*n)
			}
			der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(value[:n]), new(big.Int).SetBytes(value[n:])})
			if err != nil {
				t.Fatal(err)
			}
			padded := append(append(append([]byte{0}, value[:n]...), 0), value[n:]...)
			for what, c := range map[string]struct {
				value []byte
				want  Reason
			}{
				"as signed": {value, ""}, "ASN.1": {der, ReasonSignature}, "padded": {padded, ReasonSignature},
				"cut": {value[:2*n-1], ReasonSignature}, "zeros": {make([]byte, 2*n), ReasonSignature}, "swapped": {append(value[n:2*n:2*n], value[:n]...), ReasonSignature},
			} {
				if _, err := check(start+"<SignatureValue>"+base64.StdEncoding.EncodeToString(c.value)+"</SignatureValue>"+end, Policy{}, key.Public()); reasonOf(err) != c.want {
					t.Errorf("%s: %v, want %q", what, err, c.want)
				}
			}
		})
	}
}

func TestSign_and_verify_every_algorithm(t *testing.T) {
	for name, key := range map[string]crypto.Signer{"RSA": rsaKey(), "P-256": p256(), "P-384": p384(), "P-521": p521()} {
		for _, hash := range []crypto.Hash{0, crypto.SHA256, crypto.SHA384, crypto.SHA512, crypto.SHA1} {
			for _, inclusive := range []bool{false, true} {
				if hash == crypto.SHA1 && name != "RSA" {
					continue
				}
				t.Run(name+" "+hash.String(), func(t *testing.T) {
					for _, message := range []string{"A", "B", "C", "D", "E"} {
						doc := sign(t, file(t, message+".xml"), Signer{Key: key, Profile: Profile{Inclusive: inclusive, Hash: hash}})
						got, err := check(doc, Policy{SHA1: hash == crypto.SHA1}, otherRSA().Public(), key.Public())
						if err != nil || got.Key != 1 || got.SHA1 != (hash == crypto.SHA1) {
							t.Fatalf("%s: %v %+v", message, err, got)
						}
						if hash == crypto.SHA1 {
							if _, err := check(doc, Policy{}, key.Public()); reasonOf(err) != ReasonSHA1 {
								t.Error(err)
							}
						}
					}
				})
			}
		}
	}
}

// The layout of §4.3: what we insert must be the template letter for letter, and nothing else may change.
func TestSign_writes_the_template_and_changes_nothing_else(t *testing.T) {
	der := certify(t, rsaKey())
	for _, c := range []struct {
		message, digest, form string
		profile               Profile
	}{
		{"A", "+BKrF/9GhkOwWukcUumtMMA/+uPyyRyHXGsye7bJyTU=", exclusive, Profile{}},
		{"A", "+BKrF/9GhkOwWukcUumtMMA/+uPyyRyHXGsye7bJyTU=", inclusive, Profile{Inclusive: true}},
		{"B", "HmIol/YQoWHsLdi1rt1kV4ycaVYeawWh8d80kQXGBys=", inclusive, Profile{Inclusive: true}},
		{"B", "HmIol/YQoWHsLdi1rt1kV4ycaVYeawWh8d80kQXGBys=", exclusive, Profile{Hash: crypto.SHA256}},
		{"B", "3zqTjTaMPaTvIZ/G/xbY9m1eXLw=", inclusive, Profile{Inclusive: true, Hash: crypto.SHA1}},
	} {
		message := file(t, c.message+".xml")
		doc := sign(t, message, Signer{Certificate: der, Profile: c.profile})
		_, value, _ := strings.Cut(doc, "<SignatureValue>")
		value, _, _ = strings.Cut(value, "<")
		_, id, _ := strings.Cut(message, ` ID="`)
		id, _, _ = strings.Cut(id, `"`)
		s, d := "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256"
		if c.profile.Hash == crypto.SHA1 {
			s, d = "http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2000/09/xmldsig#sha1"
		}
		signature := strings.NewReplacer("{C}", c.form, "{S}", s, "{ID}", id, "{X}", `<Transform Algorithm="`+exclusive+`" />`, "{D}", d,
			"{DV}", c.digest, "{SV}", value, "{CERT}", base64.StdEncoding.EncodeToString(der)).Replace(file(t, "template.xml"))
		if want := strings.Replace(message, "</Issuer>", "</Issuer>"+signature, 1); doc != want {
			t.Errorf("%s %+v:\n%s\nwant\n%s", c.message, c.profile, doc, want)
		}
		if parsed, err := x509.ParseCertificate(der); err != nil || !parsed.PublicKey.(interface{ Equal(crypto.PublicKey) bool }).Equal(rsaKey().Public()) {
			t.Error("the test's own certificate is wrong")
		}
	}
}

func TestSign_finds_its_place(t *testing.T) {
	for _, c := range []struct {
		name, doc, want string
		reason          Reason
	}{
		{name: "behind Issuer", doc: `<r ID="a"><x>1</x><Issuer>i</Issuer><y/></r>`, want: `<r ID="a"><x>1</x><Issuer>i</Issuer>|<y/></r>`},
		{name: "behind a prefixed Issuer", doc: `<p:r xmlns:p="urn:p" ID="a"> <p:Issuer >i</p:Issuer > </p:r>`, want: `<p:r xmlns:p="urn:p" ID="a"> <p:Issuer >i</p:Issuer >| </p:r>`},
		{name: "behind an empty Issuer", doc: `<r ID="a"><Issuer/><y/></r>`, want: `<r ID="a"><Issuer/>|<y/></r>`},
		{name: "not behind a deeper Issuer", doc: `<r ID="a"><x><Issuer>i</Issuer></x></r>`, want: `<r ID="a">|<x><Issuer>i</Issuer></x></r>`},
		{name: "not behind Issuers", doc: `<r ID="a"><Issuers>i</Issuers></r>`, want: `<r ID="a">|<Issuers>i</Issuers></r>`},
		{name: "first without Issuer", doc: "<?xml version=\"1.0\"?>\n<r a='>' ID=\"a\">t</r>\n", want: "<?xml version=\"1.0\"?>\n<r a='>' ID=\"a\">|t</r>\n"},
		{name: "with CDATA that looks like an Issuer", doc: `<r ID="a"><![CDATA[<Issuer>]]><y/></r>`, want: `<r ID="a">|<![CDATA[<Issuer>]]><y/></r>`},
		{name: "an empty root", doc: `<r ID="a"/>`, reason: ReasonMalformed},
		{name: "no ID", doc: `<r>a</r>`, reason: ReasonReference},
		{name: "an ID that is no name", doc: `<r ID="1">a</r>`, reason: ReasonReference},
		{name: "an ID that would break out", doc: `<r ID="a&quot;b">a</r>`, reason: ReasonReference},
		{name: "signed already", doc: `<r ID="a"><Signature xmlns="` + dsig + `"/></r>`, reason: ReasonSignatureRepeated},
		{name: "no XML", doc: `{}`, reason: ReasonMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			out, err := Signer{Key: p256()}.Sign([]byte(c.doc))
			if reasonOf(err) != c.reason {
				t.Fatal(err)
			}
			if err != nil {
				return
			}
			start, rest, _ := strings.Cut(string(out), "<Signature ")
			_, end, _ := strings.Cut(rest, "</Signature>")
			if start+"|"+end != c.want {
				t.Errorf("%s, want %s", start+"|"+end, c.want)
			}
			if _, err := check(string(out), Policy{}, p256().Public()); err != nil {
				t.Error(err)
			}
		})
	}
}
