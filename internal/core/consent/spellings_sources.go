package consent

// issuerSpellings are what the card's issuer knows (§1.9.7): of holders of a citizen card, whether they show it or sign in with a key founded on it.
func issuerSpellings() []Spelling {
	all := []Spelling{
		{URI: dadosCC + "Altura", Name: CardDetails},
		{URI: dadosCC + "Assinatura", Name: CardDetails},
		{URI: dadosCC + "ContactosXML", Name: Contacts, write: contactsXML},
		{URI: dadosCC + "CorreioElectronico", Name: Email, write: text},
		{URI: dadosCC + "DataNascimento", Name: BirthDate, write: text},
		{URI: dadosCC + "DataValidade", Name: DocumentExpires, write: text},
		{URI: dadosCC + "Foto", Name: CardDetails},
		{URI: dadosCC + "IndicativoTelefoneMovel", Name: Phone, write: phonePrefix},
		{URI: dadosCC + "Nacionalidade", Name: Nationality, write: func(v Value) string { return alpha2(v.Text) }},
		{URI: dadosCC + "NoDocumento", Name: CardNumber, write: text},
		{URI: dadosCC + "NomeApelido", Name: Surnames, write: upper},
		{URI: dadosCC + "NomeApelidoMae", Name: CardDetails, write: upperPart("NomeApelidoMae")},
		{URI: dadosCC + "NomeApelidoPai", Name: CardDetails, write: upperPart("NomeApelidoPai")},
		{URI: dadosCC + "NomeProprio", Name: GivenNames, write: upper},
		{URI: dadosCC + "NomeProprioMae", Name: CardDetails, write: upperPart("NomeProprioMae")},
		{URI: dadosCC + "NomeProprioPai", Name: CardDetails, write: upperPart("NomeProprioPai")},
		{URI: dadosCC + "NumeroTelefoneMovel", Name: Phone, write: phoneNumber},
		{URI: dadosCC + "Sexo", Name: CardDetails},
		{URI: dadosCC + "MoradaXML", Name: Address},
	}
	for i := range all {
		all[i].Means, all[i].cardOnly = either(), true
		if all[i].write == nil {
			all[i].write = part(lastPart(all[i].URI))
		}
	}
	return all
}

// sourceSpellings are what other bodies know (§1.9.8). A source tells each under the last part of its name, with dates as YYYY-MM-DD.
func sourceSpellings() []Spelling {
	nif, birth := mdc+"NIF", mdc+"DataNascimento"
	all := []Spelling{
		{URI: adse + "Nome", Name: HealthScheme, write: upperPart("Nome")},
		{URI: adse + "NumeroBeneficiario", Name: HealthScheme},
		{URI: adse + "Qualidade", Name: HealthScheme},
		{URI: adse + "Situacao", Name: HealthScheme},
		{URI: adse + "DataValidade", Name: HealthScheme},
		{URI: imtt + "NomeProprio", Name: DrivingLicence, write: upperPart("NomeProprio")},
		{URI: imtt + "NomeApelido", Name: DrivingLicence, write: upperPart("NomeApelido")},
		{URI: imtt + "LocalNascimento", Name: DrivingLicence},
		{URI: imtt + "DataNascimento", Name: DrivingLicence, write: func(v Value) string { return dayFirst(Value{Text: v.Parts["DataNascimento"]}) }},
		{URI: imtt + "NoCarta", Name: DrivingLicence},
		{URI: imtt + "DataEmissao", Name: DrivingLicence},
		{URI: imtt + "EntidadeEmissora", Name: DrivingLicence},
		{URI: imtt + "Estado", Name: DrivingLicence},
		{URI: imtt + "Categorias", Name: DrivingLicence},
		{URI: imtt + "DigitoCarta", Name: DrivingLicence},
		{URI: imtt + "DigitoControlo", Name: DrivingLicence},
		{URI: imtt + "NoControlo", Name: DrivingLicence},
		{URI: interop + "SegurancaSocial/SituacaoProfissional", Name: Employment},
		{URI: interop + "SCAP/ENTERPRISE", Name: Powers},
		{URI: interop + "SCAP/FAF", Name: Powers},
		{URI: interop + "SCAP", Name: Powers, Params: []string{"Fornecedor"}},
	}
	for i := range all {
		s := &all[i]
		s.Means = either()
		switch s.Name {
		case HealthScheme:
			s.Needs = []string{nif}
		case DrivingLicence:
			s.Needs = []string{nif, birth}
		}
		if s.write == nil {
			s.write = part(lastPart(s.URI))
		}
	}
	return all
}

// eidasSpellings come with a sign-in through another member state (§1.9.9), which is not offered.
func eidasSpellings() []Spelling {
	return unsupplied(eidas, []Means{ByEIDAS},
		"PersonIdentifier", "CurrentFamilyName", "CurrentGivenName", "DateOfBirth", "CurrentAddress", "Gender", "PlaceOfBirth",
	)
}

// professionSpellings are read from a certificate that the person shows (§1.9.10), which is not offered.
func professionSpellings() []Spelling {
	return unsupplied(interop+"MDC/", []Means{ByCertificate},
		"Advogado/Sociedade", "Advogado/NSociedade", "Advogado/NomeProfissional", "Advogado/NOA", "Advogado/CorreioElectronico", "Advogado/NomeCompleto",
		"Advogado/NumeroSerie",
		"Solicitador/NCS", "Solicitador/NomeCompleto", "Solicitador/CorreioElectronico", "Solicitador/NumeroSerie",
		"Notario/NON", "Notario/NomeProprio", "Notario/NomeCompleto", "Notario/NomeApelido", "Notario/NumeroSerie", "Notario/NomeCartorioNotarial",
		"Notario/LocalidadeCartorioNotarial", "Notario/DistritoCartorioNotarial", "Notario/Nacionalidade", "Notario/CorreioElectronico", "Notario/NMECON",
		"ECCE/CargoDoTitular", "ECCE/MicrosoftUpn", "ECCE/Ministerio", "ECCE/Nome", "ECCE/Organismo", "ECCE/Pais",
		"Generico/UID", "Generico/Nome", "Generico/CorreioElectronico", "Generico/NumeroSerie", "Generico/Certificado",
	)
}
