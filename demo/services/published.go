package services

// Published is a service as the tester's door shows it: GET /services is an array of these.
// The names of its JSON members are a documented contract.
type Published struct {
	Name         string          `json:"name"` // in English, as in English messages
	ClientID     string          `json:"client_id"`
	ClientSecret string          `json:"client_secret"`
	RedirectURIs []string        `json:"redirect_uris"`
	URL          string          `json:"url"`
	SAML         *PublishedSAML  `json:"saml,omitempty"`
	OAuth        *PublishedOAuth `json:"oauth,omitempty"`
	SCMD         *PublishedSCMD  `json:"scmd,omitempty"`
}

// PublishedSCMD is what a test needs to call the SOAP signature services in a service's name.
type PublishedSCMD struct {
	ApplicationID string `json:"application_id"`
	User          string `json:"user"`
	Password      string `json:"password"`
}

// PublishedSAML is what a test needs to speak SAML in a service's name.
type PublishedSAML struct {
	Wire        string `json:"wire"`        // "fa" or "saml"
	Issuer      string `json:"issuer"`      // entity id
	ACS         string `json:"acs"`         // where responses go
	Certificate string `json:"certificate"` // PEM
	Key         string `json:"key"`         // PEM, PKCS#8, RSA
}

// PublishedOAuth is what a test needs to use CMD's OAuth door in a service's name. Key and certificate sign requests for QR codes.
type PublishedOAuth struct {
	ClientID     string   `json:"client_id"`
	RedirectURIs []string `json:"redirect_uris"`
	Callback     string   `json:"callback,omitempty"`
	Certificate  string   `json:"certificate,omitempty"`
	Key          string   `json:"key,omitempty"`
}

// Publish is the tester's form of a registration, secrets included: it exists only in a demonstration.
func (r Registration) Publish() Published {
	p := Published{Name: r.Name.EN, ClientID: r.ID, ClientSecret: r.Secret.Reveal(), RedirectURIs: r.RedirectURIs, URL: r.URL}
	if s := r.SAML; s != nil {
		p.SAML = &PublishedSAML{Wire: s.Wire, Issuer: s.Issuer, ACS: s.ACS[0], Certificate: r.Pair.Certificate, Key: r.Pair.Key.Reveal()}
	}
	if o := r.OAuth; o != nil {
		p.OAuth = &PublishedOAuth{
			ClientID: o.ClientID, RedirectURIs: o.RedirectURIs, Callback: o.Callback, Certificate: r.Pair.Certificate, Key: r.Pair.Key.Reveal(),
		}
	}
	if c := r.SCMD; c != nil {
		p.SCMD = &PublishedSCMD{ApplicationID: c.ApplicationID, User: c.User, Password: c.Password.Reveal()}
	}
	return p
}
