package landing

import "chave/demo/services"

// The switches of a registration that concern signatures only.
var signatureSwitches = []string{"collects_pin", "clear_pin", "unauthenticated"}

// overSCMD says what a client of CMD's signature services needs. Both services take the same application; only the
// newer one encrypts what a person typed.
func overSCMD(reg services.Registration, issuer string) (one way, err error) {
	base := issuer + "/Ama.Authentication.Frontend/"
	values := map[string]any{
		"Contract": base + "SCMDService.svc?wsdl", "Cipher": issuer + "/scmd/cipher.cer",
		"Application": reg.SCMD.ApplicationID, "User": reg.SCMD.User, "Password": reg.SCMD.Password.Reveal(),
	}
	one.Facts = []entry{
		{"scmd", base + "SCMDService.svc?wsdl"}, {"ccmovel", base + "CCMovelDigitalSignature.svc?wsdl"},
		{"application_id", reg.SCMD.ApplicationID}, {"user", reg.SCMD.User}, {"password", reg.SCMD.Password.Reveal()},
		{"cipher", issuer + "/scmd/cipher.cer"},
	}
	one.Switches = []string{"collects_pin", "clear_pin"} // the second for the older service
	one.Snippet, err = snippet("scmd", values)
	return one, err
}

// overCSC says where the Cloud Signature Consortium's API is, and as whom the service speaks to it.
func overCSC(reg services.Registration, issuer string) (one way, err error) {
	base := issuer + "/csc/v2/"
	one.Facts = []entry{
		{"csc", base}, {"openapi", base + "openapi.yaml"}, {"client_id", reg.ID}, {"client_secret", reg.Secret.Reveal()},
	}
	for _, uri := range reg.RedirectURIs {
		one.Facts = append(one.Facts, entry{"redirect_uri", uri})
	}
	one.Snippet, err = snippet("csc", map[string]any{"Base": base})
	return one, err
}
