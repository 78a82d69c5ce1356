package scmd

import "context"

// The namespaces of the contract (§1.2).
const (
	spaceService = "http://Ama.Authentication.Service/"
	spaceData    = "http://schemas.datacontract.org/2004/07/Ama.Structures.CCMovelSignature"
	spaceTempuri = "http://tempuri.org/" // where the older service's port and binding live
)

// kind is the type of a member: a simple type of XML Schema, or the name of one of the contract's own.
type kind string

const (
	kindText    kind = "string"
	kindBinary  kind = "base64Binary"
	kindBoolean kind = "boolean"

	kindSignRequest     kind = "SignRequest"
	kindMultipleRequest kind = "MultipleSignRequest"
	kindHashes          kind = "ArrayOfHashStructure"
	kindHash            kind = "HashStructure"
	kindStatus          kind = "SignStatus"
	kindResponse        kind = "SignResponse"
)

// simple tells whether the type is XML Schema's own.
func (k kind) simple() bool { return k == kindText || k == kindBinary || k == kindBoolean }

// member is one child element. Order in a list is the order on the wire: .NET drops what comes out of order (§1.3).
type member struct {
	name     string
	kind     kind
	optional bool // may be missing; all but booleans may be nil in any case
	many     bool
}

// structure is a type of the contract.
type structure struct {
	name    kind
	members []member
}

// operation is one operation of a door.
type operation struct {
	name   string
	in     []member
	out    kind // of the one child of the answer, whose name is the operation's and "Result"
	begins bool // makes a process, if it succeeds
	serve  func(*Provider, context.Context, *call) (answer, error)
}

// door is one of the two services.
type door struct {
	name       string // of the wire, as core/signing stores it, and in logs
	service    string // names of WSDL
	portType   string
	port       string // also the binding's
	space      string // target namespace of service and binding
	actions    string // what SOAPAction begins with
	path       string // lower case, as it is routed
	address    string // as it is published
	basic      bool   // the policy names HTTP Basic
	clear      bool   // user, PIN and code come without encryption of their own
	bare       bool   // a digest may come without its DigestInfo (§6.1)
	remembers  bool   // a failed process has an id too, and repeats its code (§1.12)
	structures []structure
	operations []operation
}

// find picks an operation by its name.
func (d *door) find(name string) *operation {
	for i := range d.operations {
		if d.operations[i].name == name {
			return &d.operations[i]
		}
	}
	return nil
}

// Paths, in lower case: whoever routes here lowers the path first, because clients write it in any (§1.1).
const (
	PathSCMD    = "/ama.authentication.frontend/scmdservice.svc"
	PathCCMovel = "/ama.authentication.frontend/ccmoveldigitalsignature.svc"
	PathCipher  = "/scmd/cipher.cer"
)

// scmdDoor is the newer service: encrypted fields, HTTP Basic always.
func scmdDoor() *door {
	return &door{
		name: "scmd", service: "SCMDService", portType: "SCMDService", port: "BasicHttpBinding_SCMDService", space: spaceService,
		actions: spaceService + "SCMDService/", path: PathSCMD, address: "/Ama.Authentication.Frontend/SCMDService.svc", basic: true,
		structures: structures(false),
		operations: []operation{
			{name: "SCMDSign", in: signIn(), out: kindStatus, begins: true, serve: (*Provider).sign},
			{name: "SCMDMultipleSign", in: multipleIn(), out: kindStatus, begins: true, serve: (*Provider).multipleSign},
			{name: "GetCertificate", in: certificateIn(), out: kindText, serve: (*Provider).certificate},
			{name: "GetCertificateWithPin", in: append(certificateIn(), optional("pin", kindText)), out: kindStatus, begins: true, serve: (*Provider).certificateWithPIN},
			{name: "ForceSMS", in: forceIn(), out: kindStatus, serve: (*Provider).forceSMS},
			{name: "ValidateOtp", in: validateIn(), out: kindResponse, serve: (*Provider).validate},
		},
	}
}

// ccmovelDoor is the older service, which the official desktop program still calls: clear fields, and polling for an approval given elsewhere.
func ccmovelDoor() *door {
	return &door{
		name: "ccmovel", service: "CCMovelDigitalSignature", portType: "CCMovelSignature", port: "BasicHttpBinding_CCMovelSignature", space: spaceTempuri,
		actions: spaceService + "CCMovelSignature/", path: PathCCMovel, address: "/Ama.Authentication.Frontend/CCMovelDigitalSignature.svc",
		clear: true, bare: true, remembers: true,
		structures: structures(true),
		operations: []operation{
			{name: "CCMovelSign", in: signIn(), out: kindStatus, begins: true, serve: (*Provider).sign},
			{name: "CCMovelMultipleSign", in: multipleIn(), out: kindStatus, begins: true, serve: (*Provider).multipleSign},
			{name: "GetCertificate", in: certificateIn(), out: kindText, serve: (*Provider).certificate},
			{name: "GetCertificateWithPin", in: append(certificateIn(), optional("signaturePin", kindText)), out: kindStatus, begins: true, serve: (*Provider).certificateWithPIN},
			{name: "ForceSMS", in: forceIn(), out: kindStatus, serve: (*Provider).forceSMS},
			{name: "ValidateOtp", in: append(validateIn(), optional("isBiometric", kindBoolean)), out: kindResponse, serve: (*Provider).validate},
			{name: "SignDocumentPooling", in: []member{optional("applicationId", kindBinary), optional("processId", kindText)}, out: kindResponse, serve: (*Provider).pooling},
		},
	}
}

func required(name string, k kind) member { return member{name: name, kind: k} }
func optional(name string, k kind) member { return member{name: name, kind: k, optional: true} }

func signIn() []member { return []member{optional("request", kindSignRequest)} }
func multipleIn() []member {
	return []member{optional("request", kindMultipleRequest), optional("documents", kindHashes)}
}
func certificateIn() []member {
	return []member{optional("applicationId", kindBinary), optional("userId", kindText)}
}
func forceIn() []member {
	return []member{optional("processId", kindText), optional("citizenId", kindText), optional("applicationId", kindBinary)}
}
func validateIn() []member {
	return []member{optional("code", kindText), optional("processId", kindText), optional("applicationId", kindBinary)}
}

// structures are the types of §1.3. The older service has one member more in both requests, and wants a document's name.
func structures(older bool) []structure {
	sign := []member{required("ApplicationId", kindBinary), {name: "DocName", kind: kindText, optional: !older}, required("Hash", kindBinary)}
	multiple := []member{required("ApplicationId", kindBinary)}
	if older {
		sign = append(sign, optional("IsBiometricValidationEnable", kindBoolean))
		multiple = append(multiple, optional("IsBiometricValidationEnable", kindBoolean))
	}
	return []structure{
		{kindSignRequest, append(sign, required("Pin", kindText), required("UserId", kindText))},
		{kindMultipleRequest, append(multiple, required("Pin", kindText), required("UserId", kindText))},
		{kindHashes, []member{{name: "HashStructure", kind: kindHash, optional: true, many: true}}},
		{kindHash, []member{required("Hash", kindBinary), required("Name", kindText), required("id", kindText)}},
		{kindStatus, []member{
			required("Code", kindText), required("Field", kindText), required("FieldValue", kindText), required("Message", kindText), required("ProcessId", kindText),
		}},
		{kindResponse, []member{
			required("ArrayOfHashStructure", kindHashes), required("Signature", kindBinary), required("Status", kindStatus), required("certificate", kindText),
		}},
	}
}

// members lists what is in one of the door's types.
func (d *door) members(k kind) []member {
	for _, s := range d.structures {
		if s.name == k {
			return s.members
		}
	}
	return nil
}
