package oidc

import (
	"chave/internal/oauth"
	"net/http"
)

// metadata is the discovery document (OIDC Discovery §3, RFC 8414 §2, RFC 9126 §5, RFC 9207 §3, RP-initiated and back-channel logout §2.1).
type metadata struct {
	Issuer                string   `json:"issuer"`
	Authorization         string   `json:"authorization_endpoint"`
	Token                 string   `json:"token_endpoint"`
	Userinfo              string   `json:"userinfo_endpoint"`
	JWKS                  string   `json:"jwks_uri"`
	PAR                   string   `json:"pushed_authorization_request_endpoint"`
	Introspection         string   `json:"introspection_endpoint"`
	Revocation            string   `json:"revocation_endpoint"`
	EndSession            string   `json:"end_session_endpoint"`
	Scopes                []string `json:"scopes_supported"`
	ResponseTypes         []string `json:"response_types_supported"`
	ResponseModes         []string `json:"response_modes_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	ACRValues             []string `json:"acr_values_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	IDTokenAlgs           []string `json:"id_token_signing_alg_values_supported"`
	TokenAuth             []string `json:"token_endpoint_auth_methods_supported"`
	TokenAuthAlgs         []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	IntrospectionAuth     []string `json:"introspection_endpoint_auth_methods_supported"`
	IntrospectionAuthAlgs []string `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	RevocationAuth        []string `json:"revocation_endpoint_auth_methods_supported"`
	RevocationAuthAlgs    []string `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	Displays              []string `json:"display_values_supported"`
	ClaimTypes            []string `json:"claim_types_supported"`
	Claims                []string `json:"claims_supported"`
	Locales               []string `json:"ui_locales_supported"`
	Prompts               []string `json:"prompt_values_supported"`
	Challenges            []string `json:"code_challenge_methods_supported"`
	ClaimsParameter       bool     `json:"claims_parameter_supported"`
	RequestParameter      bool     `json:"request_parameter_supported"`
	RequestURIParameter   bool     `json:"request_uri_parameter_supported"` // false: only our own, from a pushed request
	RequirePAR            bool     `json:"require_pushed_authorization_requests"`
	IssInResponse         bool     `json:"authorization_response_iss_parameter_supported"`
	BackchannelLogout     bool     `json:"backchannel_logout_supported"`
	BackchannelSession    bool     `json:"backchannel_logout_session_supported"`
}

// discovery publishes what we support (B9). The same document answers OIDC Discovery and RFC 8414.
func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Cache-Control", "public, max-age=300")
	w.Header().Del("Pragma")
	confidential := []string{"client_secret_basic", "client_secret_post", "private_key_jwt"}
	everybody := append(confidential[:3:3], "none")
	algs := assertionAlgNames()
	return oauth.Answer(w, http.StatusOK, metadata{
		Issuer:        p.Issuer,
		Authorization: p.Issuer + PathAuthorize, Token: p.Issuer + PathToken, Userinfo: p.Issuer + PathUserinfo, JWKS: p.Issuer + PathJWKS,
		PAR: p.Issuer + PathPAR, Introspection: p.Issuer + PathIntrospect, Revocation: p.Issuer + PathRevoke, EndSession: p.Issuer + PathLogout,
		Scopes: scopeNames(), ResponseTypes: []string{"code"}, ResponseModes: p.modes(), GrantTypes: []string{"authorization_code", "refresh_token"},
		ACRValues: acrNames(), SubjectTypes: []string{"pairwise", "public"}, IDTokenAlgs: []string{"ES256", "RS256"},
		TokenAuth: everybody, TokenAuthAlgs: algs, IntrospectionAuth: confidential, IntrospectionAuthAlgs: algs, RevocationAuth: everybody,
		RevocationAuthAlgs: algs, Displays: []string{"page"}, ClaimTypes: []string{"normal"}, Claims: claimNames(),
		Locales: []string{"pt", "en"}, Prompts: promptNames(), Challenges: []string{"S256"}, ClaimsParameter: true, IssInResponse: true,
		BackchannelLogout: true, BackchannelSession: true,
	})
}

// modes lists how answers travel back.
func (p *Provider) modes() []string {
	if p.Pages.Post == nil {
		return []string{modeQuery}
	}
	return []string{modeQuery, modePost}
}
