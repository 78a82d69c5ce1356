package csc

import (
	"net/http"

	"chave/internal/core/service"
	"chave/internal/oauth"
)

// infoAnswer is §11.1. What 2.1 added stands beside what 2.0.0.2 asks for.
type infoAnswer struct {
	Specs       string         `json:"specs"`
	Name        string         `json:"name"`
	Logo        string         `json:"logo"`
	Region      string         `json:"region"`
	Lang        string         `json:"lang"`
	Description string         `json:"description"`
	AuthType    []string       `json:"authType"`
	OAuth2      string         `json:"oauth2"`
	RAR         bool           `json:"supportsRar"`        // 2.1
	HashTypes   []string       `json:"supportedHashTypes"` // 2.1
	Async       bool           `json:"asynchronousOperationMode"`
	Methods     []string       `json:"methods"`
	Validation  bool           `json:"validationInfo"`
	Algorithms  infoAlgorithms `json:"signAlgorithms"`
	Formats     infoFormats    `json:"signature_formats"`
	Levels      []string       `json:"conformance_levels"`
}

type infoAlgorithms struct {
	Algos []string `json:"algos"`
}

type infoFormats struct {
	Formats   []string   `json:"formats"`
	Envelopes [][]string `json:"envelope_properties"`
}

// info tells what is offered here (§11.1), to everybody.
func (p *Provider) info(w http.ResponseWriter, r *http.Request) error {
	in, err := readParams(w, r, maxJSON)
	if err != nil {
		return err
	}
	lang, err := in.text("lang")
	if err != nil {
		return err
	}
	out := infoAnswer{
		Specs: "2.0.0.2", Name: p.About.Name, Logo: p.About.Logo, Region: p.About.Region, Lang: p.lang(r, locale(lang)), Description: p.About.Description,
		AuthType: []string{"oauth2code"}, OAuth2: p.oauthIssuer(), RAR: true, HashTypes: []string{hashType},
		Algorithms: infoAlgorithms{algosOf("")}, Formats: infoFormats{[]string{}, [][]string{}}, Levels: []string{},
		Methods: []string{"oauth2/authorize"},
	}
	for _, e := range p.endpoints() {
		if e.method || e.name != "oauth2/par" && e.name != "signatures/calculateHash" { // those two are not the standard's
			out.Methods = append(out.Methods, e.name)
		}
	}
	if p.Documents != nil {
		out.Formats = infoFormats{[]string{formatPAdES, formatCAdES}, [][]string{{envelopeCertification, envelopeRevision}, {envelopeDetached}}}
		out.Levels = levelNames()
	}
	return oauth.Answer(w, http.StatusOK, out)
}

// oauthIssuer is the name of this authorization server: not that of the OpenID Provider at the same host, whose tokens are others (B4).
func (p *Provider) oauthIssuer() string { return p.Issuer + "/csc/v2" }

// metadataPaths are where RFC 8414 §3 puts the document for an issuer with a path, and where many look for it.
func metadataPaths() []string {
	return []string{"/.well-known/oauth-authorization-server/csc/v2", Base + ".well-known/oauth-authorization-server"}
}

// metadata describes the authorization server (RFC 8414 §2, RFC 9126 §5, RFC 9396 §10).
func (p *Provider) metadata(w http.ResponseWriter, _ *http.Request) {
	secret := []service.AuthMethod{service.SecretBasic, service.SecretPost}
	w.Header().Set("Access-Control-Allow-Origin", "*")
	_ = oauth.Answer(w, http.StatusOK, map[string]any{
		"issuer":                                         p.oauthIssuer(),
		"authorization_endpoint":                         p.Issuer + PathAuthorize,
		"token_endpoint":                                 p.Issuer + PathToken,
		"revocation_endpoint":                            p.Issuer + PathRevoke,
		"pushed_authorization_request_endpoint":          p.Issuer + PathPushed,
		"scopes_supported":                               []string{scopeService, scopeCredential},
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"grant_types_supported":                          []string{"authorization_code", "refresh_token"},
		"token_endpoint_auth_methods_supported":          secret,
		"revocation_endpoint_auth_methods_supported":     secret,
		"code_challenge_methods_supported":               []string{"S256"},
		"authorization_details_types_supported":          []string{scopeCredential},
		"authorization_response_iss_parameter_supported": true,
		"ui_locales_supported":                           []string{"pt", "en"},
	})
}
