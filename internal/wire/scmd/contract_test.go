package scmd_test

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"
)

func TestS8_1_contract_in_all_its_addresses_without_login(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct{ path, kind, holds string }{
		{scmdPath + "?wsdl", "text/xml; charset=utf-8", `location="https://chave.example/Ama.Authentication.Frontend/SCMDService.svc"`},
		{scmdPath + "?WSDL", "text/xml; charset=utf-8", `name="SCMDService"`},
		{scmdPath + "?singleWsdl", "text/xml; charset=utf-8", `name="SCMDService"`},
		{strings.Replace(scmdPath, "/Ama.", "/AMA.", 1) + "?wsdl", "text/xml; charset=utf-8", `name="SCMDService"`},
		{strings.ToLower(scmdPath) + "?wsdl=", "text/xml; charset=utf-8", `name="SCMDService"`},
		{scmdPath, "text/html; charset=utf-8", "SCMDService.svc?wsdl"},
		{ccmovelPath + "?wsdl", "text/xml; charset=utf-8", `location="https://chave.example/Ama.Authentication.Frontend/CCMovelDigitalSignature.svc?wsdl=wsdl0"`},
		{ccmovelPath + "?singleWsdl", "text/xml; charset=utf-8", `targetNamespace="http://tempuri.org/"`},
		{ccmovelPath + "?wsdl=wsdl0", "text/xml; charset=utf-8", `name="CCMovelSignature"`},
		{scmdPath + "?wsdl&v=2", "text/xml; charset=utf-8", `name="SCMDService"`},
		{ccmovelPath, "text/html; charset=utf-8", "CCMovelDigitalSignature.svc?wsdl"},
	} {
		got := r.get(c.path)
		if got.status != http.StatusOK || got.header.Get("Content-Type") != c.kind || !strings.Contains(got.raw, c.holds) {
			t.Errorf("%s: %d %s\n%s", c.path, got.status, got.header.Get("Content-Type"), got.raw)
		}
	}
	for _, path := range []string{scmdPath + "?wsdl=wsdl0", scmdPath + "?wsdl=wsdl7", ccmovelPath + "?wsdlx"} {
		if got := r.get(path); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodOptions} {
		req, _ := http.NewRequest(method, r.server.URL+scmdPath, nil)
		if got := r.send(req); got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") == "" {
			t.Errorf("%s: %d", method, got.status)
		}
	}
	if got := r.get("/scmd/cipher.cer"); got.status != http.StatusOK || !strings.HasPrefix(got.raw, "\x30\x82") {
		t.Errorf("certificate for fields: %d", got.status)
	}
}

// contract is what a WSDL says, without how it says it.
type contract struct {
	Elements  map[string][]string // wrapper → its members in order
	Types     map[string][]string
	Messages  map[string]string // operation and way → element
	Actions   map[string]string
	Binding   map[string]string // operation → SOAPAction, style, use
	Service   []string
	Policy    []string
	Qualified []string
}

// understand reads WSDL documents as one contract.
func understand(t *testing.T, documents ...string) contract {
	t.Helper()
	c := contract{
		Elements: map[string][]string{}, Types: map[string][]string{}, Messages: map[string]string{}, Actions: map[string]string{}, Binding: map[string]string{},
	}
	messages := map[string]string{}
	for _, text := range documents {
		doc := etree.NewDocument()
		if err := doc.ReadFromString(text); err != nil {
			t.Fatalf("not XML: %v", err)
		}
		root := doc.Root()
		target := root.SelectAttrValue("targetNamespace", "")
		for _, schema := range root.FindElements("./types/schema") {
			space := schema.SelectAttrValue("targetNamespace", "")
			if strings.Contains(space, "2003/10/Serialization") {
				continue // .NET's own, which nothing refers to
			}
			c.Qualified = append(c.Qualified, space+" "+schema.SelectAttrValue("elementFormDefault", ""))
			for _, e := range schema.SelectElements("element") {
				name := "{" + space + "}" + e.SelectAttrValue("name", "")
				if typed := e.SelectAttrValue("type", ""); typed != "" {
					c.Types[name+" as an element"] = []string{resolve(e, typed) + " nillable=" + e.SelectAttrValue("nillable", "false")}
					continue
				}
				c.Elements[name] = membersOf(e.FindElements("./complexType/sequence/element"))
			}
			for _, e := range schema.SelectElements("complexType") {
				c.Types["{"+space+"}"+e.SelectAttrValue("name", "")] = membersOf(e.FindElements("./sequence/element"))
			}
		}
		for _, m := range root.SelectElements("message") {
			part := m.SelectElement("part")
			messages["{"+target+"}"+m.SelectAttrValue("name", "")] = part.SelectAttrValue("name", "") + " " + resolve(part, part.SelectAttrValue("element", ""))
		}
	}
	for _, text := range documents {
		doc := etree.NewDocument()
		_ = doc.ReadFromString(text)
		root := doc.Root()
		target := root.SelectAttrValue("targetNamespace", "")
		for _, op := range root.FindElements("./portType/operation") {
			for _, way := range []string{"input", "output"} {
				e := op.SelectElement(way)
				at := op.Parent().SelectAttrValue("name", "") + " " + op.SelectAttrValue("name", "") + " " + way
				c.Messages[at] = messages[resolve(e, e.SelectAttrValue("message", ""))]
				for _, a := range e.Attr {
					if a.Key == "Action" {
						c.Actions[at] = a.NamespaceURI() + " " + a.Value
					}
				}
			}
		}
		for _, b := range root.SelectElements("binding") {
			c.Service = append(c.Service, "binding {"+target+"}"+b.SelectAttrValue("name", "")+" of "+resolve(b, b.SelectAttrValue("type", "")))
			for _, e := range b.ChildElements() {
				if e.Tag == "binding" {
					c.Service = append(c.Service, "transport "+e.SelectAttrValue("transport", ""))
				}
				if e.Tag == "PolicyReference" {
					c.Service = append(c.Service, "policy "+e.SelectAttrValue("URI", ""))
				}
			}
			for _, op := range b.SelectElements("operation") {
				var says []string
				for _, e := range op.FindElements(".//*") {
					says = append(says, e.Tag+" "+e.SelectAttrValue("soapAction", e.SelectAttrValue("use", ""))+e.SelectAttrValue("style", ""))
				}
				c.Binding[op.SelectAttrValue("name", "")] = strings.Join(says, "; ")
			}
		}
		for _, s := range root.SelectElements("service") {
			for _, port := range s.SelectElements("port") {
				c.Service = append(c.Service, fmt.Sprintf("service {%s}%s name %s port %s of %s", target, s.SelectAttrValue("name", ""), root.SelectAttrValue("name", ""),
					port.SelectAttrValue("name", ""), resolve(port, port.SelectAttrValue("binding", ""))))
			}
		}
		for _, policy := range root.SelectElements("Policy") {
			for _, e := range policy.FindElements(".//*") {
				c.Policy = append(c.Policy, "{"+e.NamespaceURI()+"}"+e.Tag+" "+e.SelectAttrValue("RequireClientCertificate", ""))
			}
		}
	}
	slices.Sort(c.Qualified)
	return c
}

func membersOf(list []*etree.Element) []string {
	all := []string{}
	for _, e := range list {
		all = append(all, fmt.Sprintf("%s %s min=%s max=%s nillable=%s", e.SelectAttrValue("name", ""), resolve(e, e.SelectAttrValue("type", "")),
			e.SelectAttrValue("minOccurs", "1"), e.SelectAttrValue("maxOccurs", "1"), e.SelectAttrValue("nillable", "false")))
	}
	return all
}

// resolve writes a QName with its namespace.
func resolve(e *etree.Element, name string) string {
	prefix, local, ok := strings.Cut(name, ":")
	if !ok {
		prefix, local = "", name
	}
	for ; e != nil; e = e.Parent() {
		for _, a := range e.Attr {
			if a.Space == "xmlns" && a.Key == prefix || a.Space == "" && a.Key == "xmlns" && prefix == "" {
				return "{" + a.Value + "}" + local
			}
		}
	}
	return "{?}" + local
}

// TestS8_1_contract_of_SCMDService_is_the_published_one reads both and compares what they say; the published one is not ours to keep a copy of.
func TestS8_1_contract_of_SCMDService_is_the_published_one(t *testing.T) {
	dir := os.Getenv("CHAVE_CONTRACTS")
	if dir == "" {
		dir = "../../../../shared/data/contracts"
	}
	published, err := os.ReadFile(filepath.Join(dir, "SCMDService.wsdl"))
	if os.IsNotExist(err) {
		t.Skip("SCMDService.wsdl is not beside this repository")
	}
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t)
	want, got := understand(t, string(published)), understand(t, r.get(scmdPath+"?wsdl").raw)
	if len(want.Elements) != 12 || len(want.Policy) < 10 {
		t.Fatalf("the published contract was not understood: %+v", want)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("published - and ours +:\n%s", diff)
	}
}

func TestS8_1_contract_of_CCMovel_differs_where_the_reference_says(t *testing.T) {
	r := newRig(t)
	newer := understand(t, r.get(scmdPath+"?wsdl").raw)
	older := understand(t, r.get(ccmovelPath+"?wsdl").raw, r.get(ccmovelPath+"?wsdl=wsdl0").raw)
	const data, ops = "{http://schemas.datacontract.org/2004/07/Ama.Structures.CCMovelSignature}", "{http://Ama.Authentication.Service/}"
	name := func(line string) string { return strings.Fields(line)[0] }
	list := func(lines []string) string {
		var all []string
		for _, l := range lines {
			all = append(all, name(l))
		}
		return strings.Join(all, " ")
	}
	for what, order := range map[string]string{
		"SignRequest": "ApplicationId DocName Hash IsBiometricValidationEnable Pin UserId", "MultipleSignRequest": "ApplicationId IsBiometricValidationEnable Pin UserId",
	} {
		if got := list(older.Types[data+what]); got != order {
			t.Errorf("%s: %s", what, got)
		}
	}
	for what, order := range map[string]string{
		"CCMovelSign": "request", "CCMovelMultipleSign": "request documents", "GetCertificate": "applicationId userId", "GetCertificateWithPin": "applicationId userId signaturePin",
		"ForceSMS": "processId citizenId applicationId", "ValidateOtp": "code processId applicationId isBiometric", "SignDocumentPooling": "applicationId processId",
		"SignDocumentPoolingResponse": "SignDocumentPoolingResult",
	} {
		if got := list(older.Elements[ops+what]); got != order {
			t.Errorf("%s: %s", what, got)
		}
	}
	for _, same := range []string{"HashStructure", "ArrayOfHashStructure", "SignStatus", "SignResponse"} {
		if diff := cmp.Diff(newer.Types[data+same], older.Types[data+same]); diff != "" {
			t.Errorf("%s: %s", same, diff)
		}
	}
	if older.Actions["CCMovelSignature CCMovelSign output"] != "http://www.w3.org/2006/05/addressing/wsdl http://Ama.Authentication.Service/CCMovelSignature/CCMovelSignResponse" || len(older.Actions) != 14 {
		t.Errorf("actions %v", older.Actions)
	}
	want := []string{
		"binding {http://tempuri.org/}BasicHttpBinding_CCMovelSignature of {http://Ama.Authentication.Service/}CCMovelSignature", "policy #BasicHttpBinding_CCMovelSignature_policy",
		"transport http://schemas.xmlsoap.org/soap/http",
		"service {http://tempuri.org/}CCMovelDigitalSignature name CCMovelDigitalSignature port BasicHttpBinding_CCMovelSignature of {http://tempuri.org/}BasicHttpBinding_CCMovelSignature",
	}
	if diff := cmp.Diff(want, older.Service); diff != "" {
		t.Error(diff)
	}
	if slices.ContainsFunc(older.Policy, func(s string) bool { return strings.Contains(s, "BasicAuthentication") }) {
		t.Error("the older service's policy names no login")
	}
	if !slices.Equal(slices.Sorted(maps.Keys(older.Binding)), []string{"CCMovelMultipleSign", "CCMovelSign", "ForceSMS", "GetCertificate", "GetCertificateWithPin", "SignDocumentPooling", "ValidateOtp"}) {
		t.Errorf("operations %v", older.Binding)
	}
}
