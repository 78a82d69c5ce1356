package scmd

import (
	"errors"
	"net/http"

	"chave/internal/format/xmldsig"
)

// Namespaces of WCF's fault codes.
const (
	spaceDispatcher = "http://schemas.microsoft.com/net/2005/12/windowscommunicationfoundation/dispatcher"
	spaceNone       = "http://schemas.microsoft.com/ws/2005/05/addressing/none"
)

// soapFault is an answer for what is no request of the contract, and for an outage where an operation has no room for a code (§1.13). Everything else is an answer with a code.
type soapFault struct {
	status int
	space  string // of the code; SOAP's own when empty
	code   string
	says   string
	cause  error // for the log only
}

func (f *soapFault) Error() string {
	if f.cause != nil {
		return f.code + ": " + f.cause.Error()
	}
	return f.code
}

func (f *soapFault) Unwrap() error { return f.cause }

// malformed is for what is not XML, not an envelope, or more of either than any request needs.
func malformed(cause error) *soapFault {
	status := http.StatusBadRequest
	var e *xmldsig.Error
	if errors.As(cause, &e) && e.Reason == xmldsig.ReasonTooLarge {
		status = http.StatusRequestEntityTooLarge
	}
	return &soapFault{status: status, code: "Client", says: "O pedido não é um envelope SOAP 1.1 que se possa ler.", cause: cause}
}

func versionMismatch() *soapFault {
	return &soapFault{status: http.StatusInternalServerError, code: "VersionMismatch", says: "O envelope não é de SOAP 1.1."}
}

func notUnderstood() *soapFault {
	return &soapFault{status: http.StatusInternalServerError, code: "MustUnderstand", says: "O pedido traz um cabeçalho obrigatório que este serviço não conhece."}
}

func actionUnknown() *soapFault {
	return &soapFault{
		status: http.StatusInternalServerError, space: spaceNone, code: "ActionNotSupported", says: "Este serviço não tem a operação pedida.",
	}
}

// undeserializable is for a member whose form contradicts the contract.
func undeserializable(member string) *soapFault {
	return &soapFault{
		status: http.StatusInternalServerError, space: spaceDispatcher, code: "DeserializationFailed", says: "Não foi possível ler o elemento " + member + " do pedido.",
	}
}

// outage is for operations that have no status to put a code in.
func outage(cause error) *soapFault {
	return &soapFault{
		status: http.StatusInternalServerError, space: spaceDispatcher, code: "InternalServiceFault",
		says: "O serviço não conseguiu responder. Tente mais tarde.", cause: cause,
	}
}

// tooMany is for an application that asks for more certificates than anybody signs.
func tooMany() *soapFault {
	return &soapFault{
		status: http.StatusTooManyRequests, space: spaceDispatcher, code: "InternalServiceFault", says: "Há demasiados pedidos desta aplicação. Espere um minuto.",
	}
}

// write makes the envelope of a fault, without any detail.
func (f *soapFault) write() []byte {
	var w writer
	w.tag("s:Envelope", "xmlns:s", spaceSOAP11)
	w.tag("s:Body")
	w.tag("s:Fault")
	if f.space == "" {
		w.leaf("faultcode", "s:"+f.code)
	} else {
		w.leaf("faultcode", "a:"+f.code, "xmlns:a", f.space)
	}
	w.leaf("faultstring", f.says, "xml:lang", "pt-PT")
	w.end("s:Fault")
	w.end("s:Body")
	w.end("s:Envelope")
	return w.Bytes()
}
