package csc

import (
	"context"
	"crypto"
	"encoding/json"
	"net/http"

	"chave/internal/core/credential"
	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/service"
	"chave/internal/core/signing"
	"chave/internal/oauth"
)

// Explicit authorization: the service collects PIN and code (§8.3, §11.6). The order is ours, because a code names what it is for (R3.19) and is sent only after a right
// PIN: authorize with the PIN gives 202 and a handle and sends the code; authorize with the code and the same hashes gives the SAD.

const kindOperation grant.Kind = "csc-operation" // the last operations of a sign-in, by its number

// recent is how many operations of one sign-in are looked through for the one that a code is for; core/signing lets no more wait (§6.29).
const recent = 4

// pointer finds an operation again that a code or a new code is asked for.
type pointer struct {
	Operation string `json:"operation"`
	Key       string `json:"key"`
	Digests   []byte `json:"digests"` // of all digests together
}

// authorization is what credentials/authorize says.
type authorization struct {
	subject
	pin  credential.PIN
	code credential.Code
	// hasPIN and hasCode tell which came.
	hasPIN, hasCode bool
}

// credentialsAuthorize takes PIN, then code (§11.6).
func (p *Provider) credentialsAuthorize(w http.ResponseWriter, r *http.Request) error {
	c, in, err := p.explicitly(w, r)
	defer in.clear("authData")
	if err != nil {
		return err
	}
	a, key, err := p.readAuthorization(r.Context(), c, in)
	if err != nil {
		return err
	}
	at, waits, err := p.find(r.Context(), c, func(at pointer) bool { return at.Key == key.ID && string(at.Digests) == string(all(a.subject)) })
	if err != nil {
		return err
	}
	switch {
	case a.hasCode && waits:
		return p.confirm(w, r, c, at, a)
	case a.hasPIN && !a.hasCode:
		return p.prepare(w, r, c, key, a)
	}
	return oauth.Refuse(invalidAuthData, "no code has been sent for these hashes: authorize with the PIN first").With(fault.OperationUnknown)
}

// explicitly begins the methods of explicit authorization, which few services may use; each use is counted.
func (p *Provider) explicitly(w http.ResponseWriter, r *http.Request) (caller, params, error) {
	c, in, err := p.method(w, r, maxJSON)
	if err != nil {
		return c, in, err
	}
	if err := byService(c); err != nil {
		return c, in, err
	}
	if !p.explicit(c.service) {
		return c, in, oauth.Refuse(oauth.UnauthorizedClient, "auth/mode is oauth2code here: send the person to oauth2/authorize").With(fault.DoorClosed)
	}
	if p.Count != nil {
		p.Count(c.service.ID, service.CollectsPIN)
	}
	return c, in, nil
}

func (p *Provider) readAuthorization(ctx context.Context, c caller, in params) (authorization, signing.Key, error) {
	var a authorization
	key, err := p.credential(ctx, c, in)
	if err != nil {
		return a, key, err
	}
	var n int
	if raw := in["numSignatures"]; raw == nil || json.Unmarshal(raw, &n) != nil {
		return a, key, missing("integer", "numSignatures")
	}
	if a.Hash, a.Digests, err = p.readHashes(in); err != nil {
		return a, key, err
	}
	if err := p.checkCount(n, len(a.Digests)); err != nil {
		return a, key, err
	}
	description, err := in.text("description")
	if err != nil {
		return a, key, err
	}
	clientData, err := in.text("clientData")
	if err != nil {
		return a, key, err
	}
	if a.Names, err = names(clientData, description, nil, len(a.Digests)); err != nil {
		return a, key, err
	}
	return a, key, a.readAuthData(in)
}

// readHashes reads hashes and hashAlgorithmOID, which a SAD of SCAL2 needs.
func (p *Provider) readHashes(in params) (h crypto.Hash, digests [][]byte, err error) {
	if !in.has("hashes") {
		return 0, nil, missing("array", "hashes")
	}
	hashes, err := in.texts("hashes")
	if err != nil {
		return 0, nil, err
	}
	oid, err := in.needText("hashAlgorithmOID")
	if err != nil {
		return 0, nil, err
	}
	if h, err = hashOf(oid); err != nil {
		return 0, nil, err
	}
	digests, err = p.digestsOf(hashes, h)
	return h, digests, err
}

// readAuthData reads the authentication objects. What is wrong with one is never said: neither its value nor which it is.
func (a *authorization) readAuthData(in params) error {
	wrong := oauth.Refuse(invalidAuthData, "The authentication data is invalid").With(fault.PINMalformed)
	objects, ok := elements(in["authData"], recent)
	if !ok || len(objects) == 0 {
		return missing("array", "authData")
	}
	for _, raw := range objects {
		if raw[0] != '{' {
			return wrong
		}
		one, err := parseParams(raw)
		if err != nil {
			return wrong
		}
		id, errID := one.needText("id")
		value, errValue := one.needText("value")
		if errID != nil || errValue != nil {
			return wrong
		}
		switch {
		case id == authPIN && !a.hasPIN:
			a.pin, err = credential.ParsePIN(value)
			a.hasPIN = true
		case id == authOTP && !a.hasCode:
			a.code, err = credential.ParseCode(value)
			a.hasCode = true
		default:
			return wrong
		}
		if err != nil {
			return wrong
		}
	}
	return nil
}

// prepare checks the PIN, sends the code, and remembers for which hashes.
func (p *Provider) prepare(w http.ResponseWriter, r *http.Request, c caller, key signing.Key, a authorization) error {
	lang := "" // the person's own
	op, err := p.Signing.Prepare(r.Context(), signing.Request{
		Wire: wire, Application: c.service, Person: c.person, KeyID: key.ID, Purpose: signing.Sign, Hash: a.Hash,
		Documents: a.documents(c.service, p.lang(r, lang)), PIN: a.pin, Session: c.family.ID, Address: p.address(r), Lang: lang,
	})
	if err != nil {
		return err
	}
	if err := p.remember(r.Context(), c, pointer{Operation: op.ID, Key: key.ID, Digests: all(a.subject)}, op); err != nil {
		return err
	}
	return oauth.Answer(w, http.StatusAccepted, map[string]string{"handle": op.ID})
}

func (p *Provider) address(r *http.Request) string {
	if p.Address != nil {
		return p.Address(r)
	}
	return r.RemoteAddr
}

// confirm takes the code and hands out the SAD.
func (p *Provider) confirm(w http.ResponseWriter, r *http.Request, c caller, at pointer, a authorization) error {
	permit, err := p.Signing.Confirm(r.Context(), p.refOf(c, at.Operation), a.code)
	if fault.Is(err, fault.OperationOver) || fault.Is(err, fault.OperationExpired) || fault.Is(err, fault.OperationUnknown) {
		return oauth.Refuse(invalidAuthData, "The authentication data is invalid: this authorization is over, begin again with the PIN").With(fault.Of(err).Code)
	}
	if err != nil {
		return err
	}
	return p.hand(w, r, permit, c.family.ID)
}

// sadAnswer is the output of credentials/authorize, authorizeCheck and extendTransaction.
type sadAnswer struct {
	SAD     string `json:"SAD"`
	Expires int64  `json:"expiresIn"`
}

// hand notes what a permit is for and gives its handle away. When the note cannot be written nobody gets it, and the permit dies of old age.
func (p *Provider) hand(w http.ResponseWriter, r *http.Request, permit signing.Permit, family string) error {
	err := p.Do(r.Context(), func(tx Tx) error {
		return p.keepSAD(tx, permit.Handle, boundTo(permit.Operation, family), permit.Until)
	})
	if err != nil {
		return err
	}
	return oauth.Answer(w, http.StatusOK, sadAnswer{permit.Handle, seconds(permit.Until.Sub(p.Now()))})
}

func (p *Provider) refOf(c caller, operation string) signing.Ref {
	return signing.Ref{ID: operation, Application: c.service.ID, Person: c.person, Session: c.family.ID}
}

// credentialsAuthorizeCheck tells where an authorization stands (§11.7): 202 while the code is awaited. A SAD is given once, to whoever sent the code, and not here.
func (p *Provider) credentialsAuthorizeCheck(w http.ResponseWriter, r *http.Request) error {
	c, in, err := p.explicitly(w, r)
	if err != nil {
		return err
	}
	handle, err := in.needText("handle")
	if err != nil {
		return err
	}
	op, err := p.Signing.Read(r.Context(), p.refOf(c, handle))
	switch {
	case fault.Is(err, fault.OperationUnknown) || err == nil && op.Wire != wire:
		return invalid("handle").With(fault.OperationUnknown)
	case err != nil:
		return err
	case op.State == signing.Waiting && p.Now().Before(op.ExpiresAt):
		return oauth.Answer(w, http.StatusAccepted, map[string]string{"handle": handle})
	case op.State == signing.Waiting:
		return oauth.Refuse(oauth.InvalidRequest, "the authorization has expired").With(fault.OperationExpired)
	case op.State == signing.Dead && (op.Fault == fault.SignPINBlocked || op.Fault == fault.KeyBlocked):
		return oauth.Refuse(oauth.InvalidRequest, "Credential locked").With(op.Fault)
	case op.State == signing.Dead:
		return oauth.Refuse(invalidAuthData, "The authentication data is invalid").With(fault.OperationOver)
	}
	return oauth.Refuse(oauth.InvalidRequest, "the SAD of this authorization has been handed out").With(fault.OperationOver)
}

// credentialsGetChallenge sends the code of the newest authorization of a credential again (§11.8); the first is sent with the right PIN.
func (p *Provider) credentialsGetChallenge(w http.ResponseWriter, r *http.Request) error {
	c, in, err := p.explicitly(w, r)
	if err != nil {
		return err
	}
	key, err := p.credential(r.Context(), c, in)
	if err != nil {
		return err
	}
	object, err := in.needText("authObjectID")
	if err != nil {
		return err
	}
	if object != authOTP {
		return invalid("authObjectID")
	}
	at, waits, err := p.find(r.Context(), c, func(at pointer) bool { return at.Key == key.ID })
	if err != nil {
		return err
	}
	if !waits {
		return oauth.Refuse(oauth.InvalidRequest, "no authorization waits for a code: the first code is sent by credentials/authorize with the PIN and the hashes").With(fault.OperationUnknown)
	}
	if _, err := p.Signing.Resend(r.Context(), p.refOf(c, at.Operation)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
