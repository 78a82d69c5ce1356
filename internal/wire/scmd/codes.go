package scmd

import (
	"errors"
	"strings"

	"chave/internal/core/fault"
)

// The codes of §1.12 that this wire uses. Each stands in Status.Code, as text, under HTTP 200.
const (
	codeOK          = "200"
	codeSystem      = "500" // ours, unexpected
	codeUnavailable = "503" // something we depend on does not answer: trying again may help
	codeParameter   = "800" // Field says which
	codePIN         = "801"
	codeOTP         = "802"
	codeOTPLate     = "816"
	codeInactive    = "817"
	codeGeneric     = "900"
	codePINs        = "901"
	codeSignPIN     = "902"
)

// Sentences that more than one place says. They are ours; those of 901 and 902 say what CMD's prescribed ones say, with the address of this installation.
const (
	sayOK           = "OK"
	sayUnknown      = "Este processo não é conhecido, ou já terminou."
	sayMismatch     = "O ApplicationId não é o da aplicação que chama."
	sayTooMany      = "São demasiados documentos: no máximo 100 de cada vez."
	sayNoDocuments  = "Não há documentos para assinar."
	sayHash         = "O resumo tem de ser um DigestInfo de SHA-256, com 51 bytes."
	sayMissing      = "Falta um parâmetro, ou não tem a forma certa."
	sayCode         = "O código não está certo, já foi usado, ou o seu tempo acabou."
	sayLate         = "O tempo do código acabou."
	sayPIN          = "O PIN de assinatura não está certo."
	sayInactive     = "A assinatura não está ativa. Não foi enviado nenhum código."
	sayPending      = "Há demasiadas assinaturas à espera desta pessoa. Acabe uma delas, ou espere cinco minutos."
	sayCodes        = "Foram enviados demasiados códigos. Tente mais tarde."
	sayRequests     = "Há demasiados pedidos. Tente mais tarde."
	sayResend       = "Ainda não se pode enviar outro código, ou já foram enviados todos."
	sayNoChannel    = "Não há para onde enviar o código."
	sayGeneric      = "Não foi possível continuar."
	sayUnavailable  = "O serviço de assinatura não responde. Nada foi assinado. Tente mais tarde."
	saySystem       = "Ocorreu um erro inesperado. Nada foi assinado."
	sayChangePINs   = "Antes de assinar, tem de mudar os PIN da sua chave. Entre em %s/key para escolher um PIN de assinatura novo."
	sayChangeSigned = "Antes de assinar, tem de mudar o PIN de assinatura. Entre em %s/key e altere-o em Assinatura."
)

// refusal is an answer with a code that a rule of this wire gives.
type refusal struct {
	status
	fault fault.Code // for the log
}

func (r *refusal) Error() string { return r.code + " " + r.field }

// Unwrap gives the log its stable code.
func (r *refusal) Unwrap() error { return fault.New(r.fault) }

func refuse(code, field, says string, because fault.Code) error {
	return &refusal{status{code: code, field: field, message: says}, because}
}

// missing is for a parameter that did not come, or came in a form that nothing can be made of.
func missing(field string) error {
	return refuse(codeParameter, field, sayMissing, fault.FieldMissing)
}

// statusOf is the one place that gives faults CMD's codes. Nobody outside sees a cause.
func (p *Provider) statusOf(err error) status {
	var r *refusal
	if errors.As(err, &r) {
		return r.status
	}
	f := fault.Of(err)
	switch f.Code {
	case fault.SigningInactive, fault.SigningSuspended, fault.KeyMismatch, fault.KeyEnded, fault.DocumentExpired, fault.Accompanied:
		return status{code: codeInactive, message: sayInactive}
	case fault.SignPINWrong:
		return status{code: codePIN, message: sayPIN}
	case fault.SignPINBlocked:
		return status{code: codeSignPIN, message: strings.ReplaceAll(sayChangeSigned, "%s", p.Issuer)}
	case fault.KeyBlocked, fault.TemporaryPINExpired:
		return status{code: codePINs, message: strings.ReplaceAll(sayChangePINs, "%s", p.Issuer)}
	case fault.CodeWrong, fault.CodeMalformed:
		return status{code: codeOTP, message: sayCode}
	case fault.CodeExpired, fault.OperationExpired:
		if p.Rules.TellExpiry {
			return status{code: codeOTPLate, message: sayLate}
		}
		return status{code: codeOTP, message: sayCode}
	case fault.OperationUnknown, fault.OperationOver:
		return status{code: codeGeneric, message: sayUnknown}
	case fault.NoDocuments:
		return status{code: codeParameter, field: "documents", message: sayNoDocuments}
	case fault.TooManyDocuments:
		return status{code: codeGeneric, message: sayTooMany}
	case fault.DigestInvalid, fault.HashNotAllowed:
		return status{code: codeParameter, field: "Hash", message: sayHash}
	case fault.TooManyPending:
		return status{code: codeGeneric, message: sayPending}
	case fault.TooManyRequests:
		return status{code: codeGeneric, message: sayRequests}
	case fault.TooManyCodes, fault.WaitUntil:
		return status{code: codeGeneric, message: sayCodes}
	case fault.ResendTooSoon:
		return status{code: codeGeneric, message: sayResend}
	case fault.NoChannel:
		return status{code: codeGeneric, message: sayNoChannel}
	}
	switch f.Kind() {
	case fault.Internal:
		return status{code: codeSystem, message: saySystem}
	case fault.Unavailable:
		return status{code: codeUnavailable, message: sayUnavailable}
	}
	return status{code: codeGeneric, message: sayGeneric}
}
