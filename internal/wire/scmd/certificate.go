package scmd

import (
	"context"
	"encoding/pem"
	"net/http"
	"strconv"
	"strings"

	"chave/internal/core/fault"
	"chave/internal/core/signing"
)

// certificate gives the chain behind a phone number, or nil: unknown, without signing, of the wrong sort and another's application are one answer (§1.4).
func (p *Provider) certificate(ctx context.Context, c *call) (answer, error) {
	if err := c.checkApplication(c.args, "applicationId"); err != nil {
		return answer{}, err
	}
	if !p.pace.allow(c.service.ID, p.Rules.Certificates, p.Now()) {
		return answer{}, tooMany()
	}
	user := c.args.text("userId")
	if user == "" {
		return answer{}, missing("userId")
	}
	keys, err := p.keys(ctx, c)
	if err != nil {
		return answer{}, err
	}
	who, err := p.person(ctx, c, keys, user)
	if err != nil {
		return answer{}, err
	}
	if who == "" {
		return answer{}, fault.New(fault.SigningInactive)
	}
	signer, err := p.Signing.SignerOf(ctx, who)
	if err != nil {
		return answer{}, err
	}
	if signer.Key.Alg != signing.RSA3072 {
		return answer{}, fault.New(fault.KeyMismatch)
	}
	return answer{certificate: pemChain(signer.Key.Chain)}, nil
}

// pemChain writes a chain in the order that clients index: leaf, root, issuing authority; no line end after the last, because some of them take it for a fourth (§1.10). The chain
// comes in the usual order, root last.
func pemChain(der [][]byte) string {
	order := der
	if len(der) == 3 {
		order = [][]byte{der[0], der[2], der[1]}
	}
	var text strings.Builder
	for _, one := range order {
		text.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: one}))
	}
	return strings.TrimSuffix(text.String(), "\n")
}

// cipher publishes the certificate that fields are encrypted to, DER.
func (p *Provider) cipher(w http.ResponseWriter, r *http.Request) {
	der, err := p.Fields.Certificate(r.Context())
	if err != nil || len(der) == 0 {
		p.Log.ErrorContext(r.Context(), "no certificate for fields", "wire", "scmd", "err", err)
		w.Header().Set("Retry-After", "5")
		reply(w, http.StatusServiceUnavailable, "", nil)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/pkix-cert")
	h.Set("Content-Disposition", `attachment; filename="cipher.cer"`)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Length", strconv.Itoa(len(der)))
	_, _ = w.Write(der)
}
