package consent

// either is what card and key alike can supply.
func either() []Means { return []Means{ByCard, ByKey} }

// foreigners are the holders whose document is told by type, country and number.
func foreigners() []Holder { return []Holder{PassportHolder, PermitHolder, ResidenceCardist} }

// citizenSpellings are told of whoever signs in with a card or a key (§1.9.3).
func citizenSpellings() []Spelling {
	return []Spelling{
		{URI: mdc + "NIC", Name: NIC, Means: either()},
		{URI: mdc + "NomeProprio", Name: GivenNames, Means: either(), write: upper},
		{URI: mdc + "NomeApelido", Name: Surnames, Means: either(), write: upper},
		{URI: mdc + "NomeCompleto", Name: FullName, Means: either(), write: upper},
		{URI: mdc + "DataNascimento", Name: BirthDate, Means: either(), write: dayFirst},
		{URI: mdc + "NIF", Name: NIF, Means: either()},
		{URI: mdc + "NISS", Name: NISS, Means: either()},
		{URI: mdc + "NSNS", Name: NSNS, Means: either()},
		// How the four were encrypted is not documented, and nothing here supplies them (question 5.22).
		{URI: mdc + "NICCifrado", Means: either()},
		{URI: mdc + "NIFCifrado", Means: either()},
		{URI: mdc + "NISSCifrado", Means: either()},
		{URI: mdc + "NSNSCifrado", Means: either()},
		// The means' own end: of a key founded on a card that is thirty days after the card's (R1.25).
		{URI: mdc + "DataValidade", Name: KeyExpires, Means: either(), write: dayFirst},
		{URI: mdc + "DataValidadeDoc", Name: DocumentExpires, Means: either(), write: dayFirst},
		{URI: mdc + "Nacionalidade", Name: Nationality, Means: either(), For: foreigners(), write: countryName},
		{URI: mdc + "TituloAcademico", Means: either()},
		{URI: mdc + "TemAssinaturaDigitalCMD", Name: CanSign, Means: either(), write: yesNo("True", "False")}, // question 5.23
	}
}

// keySpellings are told of whoever signs in with a key only (§1.9.4, R5.18).
func keySpellings() []Spelling {
	key := []Means{ByKey}
	return []Spelling{
		{URI: mdc + "CorreioElectronico", Name: Email, Means: key},
		{URI: mdc + "NumeroTelemovel", Name: Phone, Means: key},
		{URI: mdc + "DocType", Name: Document, Means: key, write: documentType},
		{URI: mdc + "DocNationality", Name: Document, Means: key, write: alpha2Of("country")}, // hence PT for permits and cards (question 5.20)
		{URI: mdc + "DocNumber", Name: Document, Means: key, write: part("number")},
		{URI: mdc + "CodigoNacionalidade", Name: Nationality, Means: key, write: alpha2Of("issued_by")},
		{URI: mdc + "Passport", Name: Document, Means: key, write: part("number")},
	}
}

// cardSpellings are read from the card in a reader (§1.9.5): nobody signs in that way here.
func cardSpellings() []Spelling {
	return unsupplied(mdc, []Means{ByCard},
		"Sexo", "Idade", "IdadeSuperiorA", "NumeroSerie", "Foto", "Altura", "NomeProprioPai", "NomeApelidoPai", "NomeProprioMae", "NomeApelidoMae", "IndicacoesEventuais",
		"NoDocumento", "mrz1", "mrz2", "mrz3", "VersaoCartao", "CartaoPAN", "DataEmissao", "EntidadeEmissora", "TipoDocumento", "LocalDePedido", "Versao", "BlocoNotas",
		"NumeroDeControlo",
	)
}

// addressSpellings are the obsolete parts of the address (§1.9.5). They are served from the same address as MoradaXML, of a citizen card's holder.
func addressSpellings() []Spelling {
	var all []Spelling
	for _, name := range []string{
		"Distrito", "Concelho", "Freguesia", "AbrTipoDeVia", "TipoDeVia", "DesignacaoDaVia", "AbrTipoEdificio", "TipoEdificio", "NumeroPorta", "Andar", "Lado", "Lugar",
		"Localidade", "CodigoPostal4", "CodigoPostal3", "LocalidadePostal",
	} {
		all = append(all, Spelling{URI: mdc + name, Name: Address, Means: either(), cardOnly: true, write: part(name)})
	}
	return all
}

// unsuppliedSpellings are known names that nobody ever supplied (§1.9.6).
func unsuppliedSpellings() []Spelling {
	return unsupplied(mdc, nil,
		"Pseudonimo", "MoradaCanonica", "DocumentoAssinado", "CertificadoX509Cidadao", "TextoMorada", "Titulo", "AutorizacaoResidencia", "Contactos",
		"NivelConfiancaAutenticacaoCidadao", "eEstudante", "status", "numeroFiscal", "enderecoRegistadoCanonico", "temGrauAcademico", "nomeLegal", "habilitacao",
		"eIdentificadorPessoaLegal", "tipoTraduzivel", "acTitulo", "eCoordenadorCurso", "suplementoDiploma", "nomeAlternativo", "eStaffAcademico", "enderecoRegistado",
		"tipo", "eProfessorDe", "informacaoContato", "eStaffAdministrativo", "atividade", "suplementoEstudosAtual", "isHealthcareProfessional", "conteudoMandato",
		"pedidoDocumento",
	)
}
