package scmd_test

import (
	"net/http"
	"strings"
	"testing"

	"chave/internal/core/fault"
)

func TestS8_2_dispatch_and_reading_are_lenient(t *testing.T) {
	r := newRig(t)
	const ops, data, soap = "http://Ama.Authentication.Service/", "http://schemas.datacontract.org/2004/07/Ama.Structures.CCMovelSignature", "http://schemas.xmlsoap.org/soap/envelope/"
	for _, w := range wires() {
		good := w.signRequest()
		full := envelope(w.sign, good.inside)
		pin, number := w.hide(signPIN), w.hide(phone)
		port := map[string]string{"scmd": "SCMDService", "ccmovel": "CCMovelSignature"}[w.name]
		action := func(s string) func(*request) { return func(q *request) { q.action = &s } }
		body := func(s string) func(*request) { return func(q *request) { q.body = s } }
		for name, change := range map[string]func(*request){
			"as .NET sends it":                  func(*request) {},
			"SOAPAction without quotes":         action(ops + port + "/" + w.sign),
			"an empty SOAPAction":               action(""),
			"an empty quoted SOAPAction":        action(`""`),
			"the word null":                     action("null"),
			"no SOAPAction":                     action("-"),
			"a wrong SOAPAction":                action(`"` + ops + port + `/ValidateOtp"`),
			"a foreign SOAPAction":              action(`"urn:nothing"`),
			"no content type":                   func(q *request) { q.contentType = "-" },
			"content type without charset":      func(q *request) { q.contentType = "text/xml" },
			"content type with quotes":          func(q *request) { q.contentType = `text/xml; charset="UTF-8"` },
			"other letter case in the path":     func(q *request) { q.path = strings.ToUpper(q.path) },
			"the right action, another body":    body(strings.NewReplacer("<"+w.sign, "<"+w.sign+"Request", "</"+w.sign, "</"+w.sign+"Request").Replace(full)),
			"a declaration and a mark of order": body("\ufeff" + `<?xml version='1.0' encoding='utf-8'?>` + "\n" + full),
			"comments":                          body(strings.Replace(full, "<s:Body>", "<!-- made by hand --><s:Body>", 1)),
			"gSOAP: all prefixes at the top, members in another order, unknown ones, xsi:nil": body(`<?xml version="1.0" encoding="UTF-8"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="` + soap + `" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:ns2="` + ops + `" xmlns:ns3="` + data + `"><SOAP-ENV:Body><ns2:` + w.sign + `>
<ns2:request><ns3:UserId>` + number + `</ns3:UserId><ns3:Pin>` + pin + `</ns3:Pin><ns3:IsBiometricValidationEnable>true</ns3:IsBiometricValidationEnable><ns3:certificateNumber>2</ns3:certificateNumber>
<ns3:Hash>` + digestInfo("contract") + `</ns3:Hash><ns3:DocName xsi:nil="true"/><ns3:ApplicationId>` + app(appID) + `</ns3:ApplicationId></ns2:request></ns2:` + w.sign + `></SOAP-ENV:Body></SOAP-ENV:Envelope>`),
			"zeep: WS-Addressing, one prefix for each element": body(`<soap-env:Envelope xmlns:soap-env="` + soap + `"><soap-env:Header xmlns:wsa="http://www.w3.org/2005/08/addressing">` +
				`<wsa:Action soap-env:mustUnderstand="1">` + ops + port + `/` + w.sign + `</wsa:Action><wsa:MessageID>urn:uuid:1</wsa:MessageID><wsa:To>x</wsa:To></soap-env:Header><soap-env:Body><ns0:` + w.sign + ` xmlns:ns0="` + ops + `"><ns0:request>` +
				`<ns1:ApplicationId xmlns:ns1="` + data + `">` + app(appID) + `</ns1:ApplicationId><ns2:Hash xmlns:ns2="` + data + `">` + digestInfo("contract") + `</ns2:Hash><ns3:Pin xmlns:ns3="` + data + `">` + pin + `</ns3:Pin>` +
				`<ns4:UserId xmlns:ns4="` + data + `">` + number + `</ns4:UserId></ns0:request></ns0:` + w.sign + `></soap-env:Body></soap-env:Envelope>`),
			"no namespaces below the body": body(`<s:Envelope xmlns:s="` + soap + `"><s:Body><` + w.sign + `><request>` +
				members("", "ApplicationId", app(appID), "Hash", digestInfo("contract"), "Pin", pin, "UserId", number) + `</request></` + w.sign + `></s:Body></s:Envelope>`),
			"line breaks in base64, CDATA": body(strings.ReplaceAll(strings.Replace(full, digestInfo("contract"), "\n "+digestInfo("contract")[:40]+"\r\n\t"+digestInfo("contract")[40:]+"\n", 1),
				app(appID), "<![CDATA["+app(appID)+"]]>")),
			"a header that nobody must understand": body(strings.Replace(full, "<s:Body>", `<s:Header><x:Note xmlns:x="urn:x">?</x:Note><x:For xmlns:x="urn:x" s:mustUnderstand="1" s:actor="urn:other"/></s:Header><s:Body>`, 1)),
		} {
			t.Run(w.name+" "+name, func(t *testing.T) {
				q := good
				change(&q)
				if got := r.do(q); got.status != http.StatusOK || got.code() != "200" {
					t.Errorf("answered %d %s", got.status, got.raw)
				}
			})
		}
	}
}

func TestS8_3_answers_are_WCF_to_the_letter(t *testing.T) {
	r := newRig(t)
	const head = `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>`
	const spaces = ` xmlns:a="http://schemas.datacontract.org/2004/07/Ama.Structures.CCMovelSignature" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"`
	for _, w := range wires() {
		got := r.do(w.signRequest())
		process := got.process()
		want := head + `<` + w.sign + `Response xmlns="http://Ama.Authentication.Service/"><` + w.sign + `Result` + spaces + `><a:Code>200</a:Code><a:Field i:nil="true"/><a:FieldValue i:nil="true"/>` +
			`<a:Message>OK</a:Message><a:ProcessId>` + process + `</a:ProcessId></` + w.sign + `Result></` + w.sign + `Response></s:Body></s:Envelope>`
		if got.raw != want || got.header.Get("Content-Type") != "text/xml; charset=utf-8" {
			t.Errorf("%s: %s\n%s\nwant\n%s", w.name, got.header.Get("Content-Type"), got.raw, want)
		}
		got = r.do(w.validateRequest(process, "000000"))
		want = head + `<ValidateOtpResponse xmlns="http://Ama.Authentication.Service/"><ValidateOtpResult` + spaces + `><a:ArrayOfHashStructure i:nil="true"/><a:Signature i:nil="true"/>` +
			`<a:Status><a:Code>802</a:Code><a:Field i:nil="true"/><a:FieldValue i:nil="true"/><a:Message>O código não está certo, já foi usado, ou o seu tempo acabou.</a:Message><a:ProcessId>` + process + `</a:ProcessId></a:Status>` +
			`<a:certificate i:nil="true"/></ValidateOtpResult></ValidateOtpResponse></s:Body></s:Envelope>`
		if got.raw != want {
			t.Errorf("%s:\n%s\nwant\n%s", w.name, got.raw, want)
		}
	}
	w := wires()[0]
	got := r.do(w.validateRequest(r.begun(w.batchRequest(doc{"a.pdf", "7", digestInfo("a")})), otp))
	order := []string{
		"<a:ArrayOfHashStructure><a:HashStructure><a:Hash>", "</a:Hash><a:Name>a.pdf</a:Name><a:id>7</a:id></a:HashStructure></a:ArrayOfHashStructure>", `<a:Signature i:nil="true"/>`,
		"<a:Status><a:Code>200</a:Code>", "</a:Status>", `<a:certificate i:nil="true"/>`,
	}
	rest := got.raw
	for _, part := range order {
		_, after, ok := strings.Cut(rest, part)
		if !ok {
			t.Fatalf("%s is not in its place:\n%s", part, got.raw)
		}
		rest = after
	}
}

func TestS8_15_faults_in_the_shape_of_WCF_without_internals(t *testing.T) {
	r := newRig(t)
	const dispatcher, none = "http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher", "http://schemas.microsoft.com/ws/2005/05/addressing/none"
	full := func(w wire) string { return envelope(w.sign, w.signRequest().inside) }
	type shape struct {
		status int
		code   string // as in the fault, with the namespace behind it
		change func(wire, *request)
	}
	body := func(s string) func(wire, *request) { return func(_ wire, q *request) { q.body = s } }
	of := func(f func(string) string) func(wire, *request) {
		return func(w wire, q *request) { q.body = f(full(w)) }
	}
	for name, c := range map[string]shape{
		"not XML":       {400, "s:Client", body("hello")},
		"an empty body": {400, "s:Client", body(" ")},
		"cut off":       {400, "s:Client", of(func(s string) string { return s[:len(s)-20] })},
		"two roots":     {400, "s:Client", of(func(s string) string { return s + s })},
		"not UTF-8":     {400, "s:Client", of(func(s string) string { return strings.Replace(s, "contract.pdf", "\xff\xfe", 1) })},
		"a DTD":         {400, "s:Client", of(func(s string) string { return "<!DOCTYPE x>" + s })},
		"entities": {400, "s:Client", of(func(s string) string {
			return `<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;">]>` + strings.Replace(s, "contract.pdf", "&c;", 1)
		})},
		"an entity that is not defined": {400, "s:Client", of(func(s string) string { return strings.Replace(s, "contract.pdf", "&c;", 1) })},
		"a processing instruction":      {400, "s:Client", of(func(s string) string { return `<?php echo 1 ?>` + s })},
		"an undeclared prefix":          {400, "s:Client", of(func(s string) string { return strings.Replace(s, "<a:DocName>", "<a:DocName><q:x/>", 1) })},
		"another root":                  {400, "s:Client", body("<Hello/>")},
		"no Body":                       {400, "s:Client", body(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"/>`)},
		"two bodies":                    {400, "s:Client", of(func(s string) string { return strings.Replace(s, "</s:Envelope>", "<s:Body/></s:Envelope>", 1) })},
		"a hundred deep":                {413, "s:Client", body(strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100))},
		"a hundred thousand elements": {413, "s:Client", of(func(s string) string {
			return strings.Replace(s, "<s:Body>", "<s:Body>"+strings.Repeat("<x/>", 20000), 1)
		})},
		"two megabytes":                {413, "s:Client", body(strings.Repeat(" ", 2<<20))},
		"another kind of content":      {415, "s:Client", func(_ wire, q *request) { q.contentType = "application/json" }},
		"SOAP 1.2 by its content type": {415, "s:Client", func(_ wire, q *request) { q.contentType = "application/soap+xml; charset=utf-8" }},
		"UTF-16":                       {415, "s:Client", func(_ wire, q *request) { q.contentType = "text/xml; charset=utf-16" }},
		"SOAP 1.2": {500, "s:VersionMismatch", of(func(s string) string {
			return strings.Replace(s, "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope", 1)
		})},
		"a header to be understood": {500, "s:MustUnderstand", of(func(s string) string {
			return strings.Replace(s, "<s:Body>", `<s:Header><x:Security xmlns:x="urn:x" s:mustUnderstand="1"/></s:Header><s:Body>`, 1)
		})},
		"an unknown operation": {500, "a:ActionNotSupported " + none, func(_ wire, q *request) { q.operation = "Nothing" }},
		"an empty body element": {500, "a:ActionNotSupported " + none, func(_ wire, q *request) {
			no := ""
			q.action, q.body = &no, `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body/></s:Envelope>`
		}},
		"an operation of the other service": {500, "a:ActionNotSupported " + none, func(w wire, q *request) {
			q.operation = map[string]string{"scmd": "CCMovelSign", "ccmovel": "SCMDSign"}[w.name]
		}},
		"a member twice":              {500, "a:DeserializationFailed " + dispatcher, of(func(s string) string { return strings.Replace(s, "<a:Hash>", "<a:Hash>AA==</a:Hash><a:Hash>", 1) })},
		"an element where a text is":  {500, "a:DeserializationFailed " + dispatcher, of(func(s string) string { return strings.Replace(s, "contract.pdf", "<b/>", 1) })},
		"two requests in the wrapper": {500, "a:DeserializationFailed " + dispatcher, of(func(s string) string { return strings.Replace(s, "</request>", "</request><request/>", 1) })},
	} {
		for _, w := range wires() {
			t.Run(w.name+" "+name, func(t *testing.T) {
				q := w.signRequest()
				c.change(w, &q)
				got := r.do(q)
				code, space, _ := strings.Cut(c.code, " ")
				tag := "<faultcode>" + code + "</faultcode>"
				if space != "" {
					tag = `<faultcode xmlns:a="` + space + `">` + code + "</faultcode>"
				}
				if got.status != c.status || !strings.Contains(got.raw, tag) || !strings.Contains(got.raw, `<faultstring xml:lang="pt-PT">`) || strings.Contains(got.raw, "detail") {
					t.Errorf("answered %d %s", got.status, got.raw)
				}
				if says := between(got.raw, `pt-PT">`, "</faultstring>"); strings.Contains(says, "xml:") || strings.Contains(says, "CH-") {
					t.Errorf("says %q", says)
				}
			})
		}
	}
	if n := len(r.signing.asked); n != 0 {
		t.Errorf("%d of them reached signing", n)
	}
	t.Run("an empty wrapper is a parameter that is missing, not a fault", func(t *testing.T) {
		for _, w := range wires() {
			for _, op := range []string{w.sign, w.multiple, "GetCertificateWithPin", "ForceSMS", "ValidateOtp"} {
				if got := r.do(request{path: w.path, operation: op}); got.status != http.StatusOK || got.code() != "800" || got.member("Message") == "" {
					t.Errorf("%s: %d %s", op, got.status, got.raw)
				}
			}
		}
	})
	t.Run("an outage has a code where there is room for one", func(t *testing.T) {
		for method, q := range map[string]request{
			"Prepare": wires()[0].signRequest(), "ConfirmAndSign": wires()[1].validateRequest("0f6d7a0c-5a0c-4b2e-9a55-3b6b0c1d2e3f", otp), "Resend": wires()[0].forceRequest("0f6d7a0c-5a0c-4b2e-9a55-3b6b0c1d2e3f", phone),
			"FindByPhone": wires()[1].signRequest(),
		} {
			for want, err := range map[string]error{"503": fault.New(fault.KeystoreUnavailable), "500": fault.New(fault.InternalError)} {
				r.signing.say(method, err)
				if got := r.do(q); got.status != http.StatusOK || got.code() != want || strings.Contains(got.raw, "CH-") {
					t.Errorf("%s: %d %s", method, got.status, got.raw)
				}
			}
			r.signing.say(method, nil)
		}
	})
}
