package sign_test

import (
	"context"
	"crypto"
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"
	"testing"

	"chave/internal/core/citizen"
	"chave/internal/core/fault"
	"chave/internal/core/service"
	"chave/internal/core/signing"
	"chave/internal/page/sign"
)

// bankDesk is the wire of a bank that hands people over.
type bankDesk struct {
	bank   service.Service
	hash   crypto.Hash
	person citizen.ID
	permit signing.Permit
	said   string
}

func (d *bankDesk) Load(_ context.Context, id string) (signing.Handover, error) {
	if id != "h1" {
		return signing.Handover{}, fault.New(fault.LoginUnknown)
	}
	one := sha256.Sum256([]byte("contract"))
	return signing.Handover{
		ID: id, Service: d.bank, Person: d.person, Hash: d.hash, Session: "bank-session", Lang: "en",
		Documents: []signing.Document{{ID: "1", Name: "Loan \u202econtract", Digest: one[:]}},
	}, nil
}

func (d *bankDesk) Confirmed(_ context.Context, _ string, permit signing.Permit) (string, error) {
	d.permit, d.said = permit, "yes"
	return "https://bank.example/back?code=1", nil
}

func (d *bankDesk) Refused(context.Context, string) (string, error) {
	d.said = "no"
	return "https://bank.example/back?error=access_denied", nil
}

// failing cannot prepare anything, as if the process were out of memory.
type failing struct{ sign.Papers }

func (failing) Prepare([]byte, sign.Stamping) (sign.Prepared, error) {
	return nil, errors.New("out of memory")
}

func TestR4_17_a_service_hands_over_and_never_sees_the_PIN(t *testing.T) {
	h := open(t).active()
	desk := h.pages.Handover.(*bankDesk)
	b := h.browser()
	b.get("/sign/authorize/h1").signIn().shows(http.StatusOK, "Banco do Largo", "Loan  contract", "mark", `name="sign_pin"`, "Test – not qualified")
	if csp := b.head.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https://bank.example") || strings.Contains(csp, "worker-src") {
		t.Errorf("policy: %s", csp)
	}
	b.post("", "step", "pin", "sign_pin", "1234").shows(http.StatusForbidden, "CH-1704")
	b.post("", "step", "pin", "sign_pin", signPIN).shows(http.StatusOK, `name="code"`, "Loan  contract")
	code, message := h.code()
	if message["service"] != "Banco do Largo" {
		t.Errorf("the message names %q", message["service"])
	}
	b.post("", "step", "code", "code", "12").shows(http.StatusUnprocessableEntity, `name="code"`)
	path := b.at
	b.post("", "step", "code", "code", code)
	if b.code != http.StatusSeeOther || b.head.Get("Location") != "https://bank.example/back?code=1" || desk.permit.Handle == "" {
		t.Fatalf("%d to %s, permit %v", b.code, b.head.Get("Location"), desk.permit.Handle != "")
	}
	b.post(path, "step", "code", "code", code).shows(http.StatusOK, "CH-1710") // pressed twice: no second permit
	one := sha256.Sum256([]byte("contract"))
	result, err := h.signing.Redeem(t.Context(), signing.Redemption{
		Handle: desk.permit.Handle, Application: "bank", Session: "bank-session", KeyID: desk.permit.Operation.KeyID, Hash: crypto.SHA256, Digests: [][]byte{one[:]},
	})
	if err != nil || len(result.Signatures) != 1 {
		t.Errorf("%d signatures, %v", len(result.Signatures), err)
	}
}

func TestA_hand_over_can_be_refused_at_every_step(t *testing.T) {
	h := open(t).active()
	desk := h.pages.Handover.(*bankDesk)
	refused := func(b *browser) {
		t.Helper()
		if b.code != http.StatusSeeOther || !strings.Contains(b.head.Get("Location"), "access_denied") || desk.said != "no" {
			t.Errorf("%d to %s", b.code, b.head.Get("Location"))
		}
		desk.said = ""
	}
	b := h.browser()
	b.get("/sign/authorize/h1")
	refused(b.post("", "step", "who", "cancel", "1"))
	b.get("/sign/authorize/h1").signIn()
	refused(b.post("", "step", "pin", "cancel", "1"))
	b.get("/sign/authorize/h1").post("", "step", "pin", "sign_pin", signPIN)
	refused(b.post("", "step", "code", "cancel", "1"))
	b.get(b.at).shows(http.StatusOK, "CH-1710")
	t.Run("who was not meant is told so", func(t *testing.T) {
		desk.person = "somebody-else"
		b.get("/sign/authorize/h1").shows(http.StatusOK, "another person's signature").not(`name="sign_pin"`)
		refused(b.post("", "cancel", "1"))
	})
	b.get("/sign/authorize/nothing").shows(http.StatusNotFound)
}

func TestA_hand_over_waits_for_signing_to_be_switched_on(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.get("/sign/authorize/h1").signIn().shows(http.StatusOK, "/key/signature", "Banco do Largo").not(`name="sign_pin"`)
	b.post("", "step", "pin", "sign_pin", signPIN).shows(http.StatusOK, "/key/signature")
}
