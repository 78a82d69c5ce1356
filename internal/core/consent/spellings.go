package consent

import (
	"slices"
	"strings"
	"sync"
)

// The roots of the catalogue's families.
const (
	interop = "http://interop.gov.pt/"
	mdc     = interop + "MDC/Cidadao/"
	dadosCC = interop + "DadosCC/Cidadao/"
	adse    = interop + "ADSE/Cidadao/"
	imtt    = interop + "IMTT/Cidadao/"
	eidas   = "http://eidas.europa.eu/attributes/naturalperson/"
	oldest  = "http://autenticacao.cartaodecidadao.pt/atributos/2010/01/cidadao/"
	cvcc    = interop + "CVCC/Cidadao/"
)

// Spellings lists the whole catalogue, in the order of cmd-authentication.md §1.9, aliases left out.
func Spellings() []Spelling {
	return slices.Concat(
		citizenSpellings(), keySpellings(), cardSpellings(), addressSpellings(), unsuppliedSpellings(), issuerSpellings(), sourceSpellings(), eidasSpellings(),
		professionSpellings(),
	)
}

// spellings is the table by URI, written once.
var spellings = sync.OnceValue(func() map[string]Spelling {
	all := map[string]Spelling{}
	for _, one := range Spellings() {
		all[one.URI] = one
	}
	return all
})

// canonical turns the names that clients still send into those of the catalogue (§1.9.11).
func canonical(uri string) string {
	if last, ok := strings.CutPrefix(uri, oldest); ok {
		return mdc + last
	}
	if last, ok := strings.CutPrefix(uri, cvcc); ok {
		return dadosCC + last
	}
	if now, ok := renamed()[uri]; ok {
		return now
	}
	return uri
}

var renamed = sync.OnceValue(func() map[string]string {
	const profession = interop + "MDC/"
	return map[string]string{
		interop + "SCCC":                               interop + "SCAP/ENTERPRISE",
		mdc + "FotoCVCCD":                              dadosCC + "Foto",
		profession + "Advogado/NomeSociedade":          profession + "Advogado/Sociedade",
		profession + "Advogado/IdentificacaoSociedade": profession + "Advogado/NSociedade",
		profession + "Notario/NomeCartorio":            profession + "Notario/NomeCartorioNotarial",
		profession + "Notario/LocalidadeCartorio":      profession + "Notario/LocalidadeCartorioNotarial",
		profession + "Notario/DistritoCartorio":        profession + "Notario/DistritoCartorioNotarial",
		profession + "Generico/NomeCompleto":           profession + "Generico/Nome",
		profession + "Generico/NumeroIdentificacao":    profession + "Generico/UID",
	}
})

func lastPart(uri string) string { return uri[strings.LastIndexByte(uri, '/')+1:] }

// unsupplied makes entries that nothing here answers.
func unsupplied(root string, means []Means, names ...string) []Spelling {
	var all []Spelling
	for _, name := range names {
		all = append(all, Spelling{URI: root + name, Means: means})
	}
	return all
}
