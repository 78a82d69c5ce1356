package services

const (
	mdc  = "http://interop.gov.pt/MDC/Cidadao/"
	adse = "http://interop.gov.pt/ADSE/Cidadao/"
)

// publicNames are the names of cmd-authentication.md §1.9 under which the demonstration's services ask.
var publicNames = map[string][]string{
	"full_name": {mdc + "NomeCompleto"}, "given_names": {mdc + "NomeProprio"}, "surnames": {mdc + "NomeApelido"}, "birth_date": {mdc + "DataNascimento"},
	"nationality": {mdc + "Nacionalidade", mdc + "CodigoNacionalidade"}, "nic": {mdc + "NIC"}, "nif": {mdc + "NIF"}, "niss": {mdc + "NISS"}, "nsns": {mdc + "NSNS"},
	"document": {mdc + "DocType", mdc + "DocNationality", mdc + "DocNumber"},
	"phone":    {mdc + "NumeroTelemovel"}, "email": {mdc + "CorreioElectronico"},
	"address":       {"http://interop.gov.pt/DadosCC/Cidadao/MoradaXML"},
	"employment":    {"http://interop.gov.pt/SegurancaSocial/SituacaoProfissional"},
	"health_scheme": {adse + "NumeroBeneficiario", adse + "Situacao"},
}

// PublicNames lists the names under which public services know an attribute: in SAML, and as scopes of CMD's OAuth door.
func PublicNames(attribute string) []string { return publicNames[attribute] }

// claims are those that carry an attribute together, where it is not one of the same name.
var claims = map[string][]string{
	"full_name": {"name"}, "given_names": {"given_name"}, "surnames": {"family_name"}, "birth_date": {"birthdate"},
	"phone": {"phone_number"}, "document": {"document_type", "document_country", "document_number"},
}

// ClaimNames lists the claims that carry an attribute over OpenID Connect.
func ClaimNames(attribute string) []string {
	if names, ok := claims[attribute]; ok {
		return names
	}
	return []string{attribute}
}
