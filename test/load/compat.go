package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"fmt"

	"chave/internal/core/service"
)

const ofCitizens = "http://interop.gov.pt/MDC/Cidadao/"

// fullName is asked for over each of CMD's wires, and must come back as the person's.
const fullName = ofCitizens + "NomeCompleto"

// compatNames are what a Portuguese service asks for: what OpenID Connect's service of this driver asks for too, and what foreigners are known by.
func compatNames() []string {
	return []string{ofCitizens + "NIC", fullName, ofCitizens + "DataNascimento", ofCitizens + "NIF", ofCitizens + "DocType", ofCitizens + "DocNationality", ofCitizens + "DocNumber"}
}

// compatService is a registration to which a wire is added. It is not an OpenID Connect client that could prove itself.
func compatService(id string) service.Settings {
	return service.Settings{
		ID: id, Name: service.Text{"pt": "Serviço de Ensaio", "en": "Load Service"}, Category: "other", Purpose: service.Text{"pt": "Medir.", "en": "To measure."},
		RedirectURIs: []string{"http://127.0.0.1:9/" + id}, AuthMethod: service.NoAuth,
		Attributes: []service.Ask{{Name: "full_name"}, {Name: "birth_date"}, {Name: "nic"}, {Name: "document"}, {Name: "nif"}},
	}
}

func publicKey(der []byte) (crypto.PublicKey, error) {
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return certificate.PublicKey, nil
}

func kindOf(key crypto.PublicKey) string {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA-%d", k.N.BitLen())
	case *ecdsa.PublicKey:
		return "ECDSA " + k.Params().Name
	}
	return fmt.Sprintf("%T", key)
}
