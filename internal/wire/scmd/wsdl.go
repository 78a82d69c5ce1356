package scmd

// The namespaces of WSDL and of the policies in it.
const (
	spaceWSDL     = "http://schemas.xmlsoap.org/wsdl/"
	spaceBinding  = "http://schemas.xmlsoap.org/wsdl/soap/"
	spaceSchema   = "http://www.w3.org/2001/XMLSchema"
	spaceAction   = "http://www.w3.org/2006/05/addressing/wsdl"
	spacePolicy   = "http://schemas.xmlsoap.org/ws/2004/09/policy"
	spaceSecurity = "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy"
	spaceHTTP     = "http://schemas.microsoft.com/ws/06/2004/policy/http"
	spaceUtility  = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
	transportHTTP = "http://schemas.xmlsoap.org/soap/http"
)

// wsdl writes the contract of a door with the address that clients should call. Where service and operations live in two namespaces, which one document cannot hold,
// it holds the service and imports the rest, as the original does: stubs have that split compiled in (§1.2).
func (d *door) wsdl(issuer string) []byte {
	var w writer
	d.begin(&w, d.service, d.space)
	d.policy(&w)
	portType := "tns:" + d.portType
	if d.space == spaceService {
		d.types(&w)
		d.messages(&w)
		d.ports(&w)
	} else {
		w.empty("wsdl:import", "namespace", spaceService, "location", issuer+d.address+"?wsdl=wsdl0")
		portType = "op:" + d.portType
	}
	d.binding(&w, portType)
	w.tag("wsdl:service", "name", d.service)
	w.tag("wsdl:port", "name", d.port, "binding", "tns:"+d.port)
	w.empty("soap:address", "location", issuer+d.address)
	w.end("wsdl:port")
	w.end("wsdl:service")
	w.end("wsdl:definitions")
	return w.Bytes()
}

// abstract writes the imported half: types, messages, operations.
func (d *door) abstract() []byte {
	var w writer
	d.begin(&w, "", spaceService)
	d.types(&w)
	d.messages(&w)
	d.ports(&w)
	w.end("wsdl:definitions")
	return w.Bytes()
}

func (d *door) begin(w *writer, name, target string) {
	w.WriteString(`<?xml version="1.0" encoding="utf-8"?>` + "\n")
	about := []string{
		"xmlns:wsdl", spaceWSDL, "xmlns:soap", spaceBinding, "xmlns:xs", spaceSchema, "xmlns:wsaw", spaceAction, "xmlns:tns", target,
		"xmlns:op", spaceService, "xmlns:data", spaceData, "targetNamespace", target,
	}
	if name != "" {
		about = append(about, "name", name)
	}
	w.tag("wsdl:definitions", about...)
}

// policy says what the binding needs of the transport. Few clients read it; those that do want it whole.
func (d *door) policy(w *writer) {
	nested := []string{"sp:TransportToken", "sp:AlgorithmSuite", "sp:Layout"}
	w.tag("wsp:Policy", "xmlns:wsp", spacePolicy, "xmlns:sp", spaceSecurity, "xmlns:wsu", spaceUtility, "wsu:Id", d.policyID())
	w.tag("wsp:ExactlyOne")
	w.tag("wsp:All")
	if d.basic {
		w.empty("http:BasicAuthentication", "xmlns:http", spaceHTTP)
	}
	w.tag("sp:TransportBinding")
	w.tag("wsp:Policy")
	for _, name := range nested {
		w.tag(name)
		w.tag("wsp:Policy")
		switch name {
		case "sp:TransportToken":
			w.empty("sp:HttpsToken", "RequireClientCertificate", "false")
		case "sp:AlgorithmSuite":
			w.empty("sp:Basic256")
		case "sp:Layout":
			w.empty("sp:Strict")
		}
		w.end("wsp:Policy")
		w.end(name)
	}
	w.end("wsp:Policy")
	w.end("sp:TransportBinding")
	w.end("wsp:All")
	w.end("wsp:ExactlyOne")
	w.end("wsp:Policy")
}

func (d *door) policyID() string { return d.port + "_policy" }

// types writes two schemas: the operations' wrappers, and the data types.
func (d *door) types(w *writer) {
	w.tag("wsdl:types")
	w.tag("xs:schema", "targetNamespace", spaceService, "elementFormDefault", "qualified")
	w.empty("xs:import", "namespace", spaceData)
	for _, op := range d.operations {
		wrapper(w, op.name, op.in)
		wrapper(w, op.name+"Response", []member{optional(op.name+"Result", op.out)})
	}
	w.end("xs:schema")
	w.tag("xs:schema", "targetNamespace", spaceData, "elementFormDefault", "qualified")
	for _, s := range d.structures {
		w.tag("xs:complexType", "name", string(s.name))
		sequence(w, s.members)
		w.end("xs:complexType")
		w.empty("xs:element", "name", string(s.name), "nillable", "true", "type", typeName(s.name))
	}
	w.end("xs:schema")
	w.end("wsdl:types")
}

func wrapper(w *writer, name string, members []member) {
	w.tag("xs:element", "name", name)
	w.tag("xs:complexType")
	sequence(w, members)
	w.end("xs:complexType")
	w.end("xs:element")
}

func sequence(w *writer, members []member) {
	w.tag("xs:sequence")
	for _, m := range members {
		about := []string{"name", m.name, "type", typeName(m.kind)}
		if m.kind != kindBoolean { // a value that WCF cannot leave out
			about = append(about, "nillable", "true")
		}
		if m.optional {
			about = append(about, "minOccurs", "0")
		}
		if m.many {
			about = append(about, "maxOccurs", "unbounded")
		}
		w.empty("xs:element", about...)
	}
	w.end("xs:sequence")
}

func typeName(k kind) string {
	if k.simple() {
		return "xs:" + string(k)
	}
	return "data:" + string(k)
}

// messages are one element each way: document style, literal, wrapped.
func (d *door) messages(w *writer) {
	for _, op := range d.operations {
		for _, m := range [2][2]string{{op.name, "InputMessage"}, {op.name + "Response", "OutputMessage"}} {
			w.tag("wsdl:message", "name", d.portType+"_"+op.name+"_"+m[1])
			w.empty("wsdl:part", "name", "parameters", "element", "op:"+m[0])
			w.end("wsdl:message")
		}
	}
}

func (d *door) ports(w *writer) {
	w.tag("wsdl:portType", "name", d.portType)
	for _, op := range d.operations {
		message := "op:" + d.portType + "_" + op.name + "_"
		w.tag("wsdl:operation", "name", op.name)
		w.empty("wsdl:input", "wsaw:Action", d.actions+op.name, "message", message+"InputMessage")
		w.empty("wsdl:output", "wsaw:Action", d.actions+op.name+"Response", "message", message+"OutputMessage")
		w.end("wsdl:operation")
	}
	w.end("wsdl:portType")
}

func (d *door) binding(w *writer, portType string) {
	w.tag("wsdl:binding", "name", d.port, "type", portType)
	w.empty("wsp:PolicyReference", "xmlns:wsp", spacePolicy, "URI", "#"+d.policyID())
	w.empty("soap:binding", "transport", transportHTTP)
	for _, op := range d.operations {
		w.tag("wsdl:operation", "name", op.name)
		w.empty("soap:operation", "soapAction", d.actions+op.name, "style", "document")
		for _, way := range [2]string{"wsdl:input", "wsdl:output"} {
			w.tag(way)
			w.empty("soap:body", "use", "literal")
			w.end(way)
		}
		w.end("wsdl:operation")
	}
	w.end("wsdl:binding")
}
