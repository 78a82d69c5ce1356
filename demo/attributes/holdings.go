package attributes

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
	"time"

	"chave/demo/people"
)

// pick is a number below n that is always the same for a person and a purpose.
func pick(p people.Person, what string, n int) int {
	sum := sha256.Sum256([]byte(p.ID + "/" + what))
	return int(binary.BigEndian.Uint64(sum[:8]) % uint64(n))
}

func choose(p people.Person, what string, from ...string) string {
	return from[pick(p, what, len(from))]
}

// el writes one element; attributes of the tag, such as a namespace, follow its name after a space.
func el(tag string, inside ...string) string {
	name, _, _ := strings.Cut(tag, " ")
	return "<" + tag + ">" + strings.Join(inside, "") + "</" + name + ">"
}

// words writes an element of text, or nothing when there is none.
func words(tag, text string) string {
	if text == "" {
		return ""
	}
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(text)) // writing to memory does not fail
	return el(tag, b.String())
}

const inner = ` xmlns="http://www.cartaodecidadao.pt/tipos/comum/cidadao"`

// addressOf derives an address from a place, street and postal code that do not exist. One resident lives abroad.
func addressOf(p people.Person, _ question, _ time.Time) (told, bool) {
	if len(p.Documents) == 0 || p.Documents[0].Type != people.CitizenCard {
		return told{}, false
	}
	door := fmt.Sprint(1 + pick(p, "door", 180))
	if strings.HasPrefix(p.Phone, "+46") {
		return told{
			text: "Exempelgatan " + door + ", 000 17 Exempelstad, Suécia",
			parts: map[string]string{
				"MoradaXML": morada(el("Estrangeira"+inner, words("Localidade", "Exempelstad"), words("Pais", "SE"), words("Endereco", "Exempelgatan "+door),
					words("Cidade", "Exempelstad"), words("CodigoPostal", "000 17"))),
				"street_address": "Exempelgatan " + door, "postal_code": "000 17", "locality": "Exempelstad", "country": "SE",
			},
		}, true
	}
	street := choose(p, "street", "do Exemplo", "das Amoreiras Inventadas", "da Fonte que Não Há", "do Moinho & Lagar")
	floor, side := choose(p, "floor", "", "R/C", "1.º", "3.º"), choose(p, "side", "Esq.", "Dto.")
	if floor == "" {
		side = ""
	}
	place := choose(p, "place", "Vale Claro", "Ribeira Alta", "Serra Nova")
	code := map[string]string{"Vale Claro": "990101", "Ribeira Alta": "990201", "Serra Nova": "990301"}[place]
	area := fmt.Sprintf("%03d", 1+pick(p, "area", 900))
	line := strings.TrimSpace("Rua " + street + " " + door)
	inHouse := strings.TrimSpace(floor + " " + side)
	full := line
	if inHouse != "" {
		full += ", " + inHouse
	}
	return told{
		text: full + ", 9990-" + area + " " + place,
		parts: map[string]string{
			"MoradaXML": morada(el("Portuguesa"+inner, words("Localidade", place), words("DistritoConcelhoFreguesia", code), words("ViaTipo", "Rua"),
				words("ViaDesignacao", street), words("Porta", door), words("Andar", floor), words("Lado", side),
				el("CodigoPostalPortugues", words("CodigoPostal", "9990"), words("AreaFuncional", area), words("LocalidadePostal", strings.ToUpper(place))))),
			"Distrito": place, "Concelho": place, "Freguesia": place + " e Arredores", "AbrTipoDeVia": "R.", "TipoDeVia": "Rua", "DesignacaoDaVia": street,
			"NumeroPorta": door, "Andar": floor, "Lado": side, "Localidade": place, "CodigoPostal4": "9990", "CodigoPostal3": area,
			"LocalidadePostal": strings.ToUpper(place),
			"street_address":   full, "postal_code": "9990-" + area, "locality": place, "region": place, "country": "PT",
		},
	}, true
}

func morada(which string) string {
	return el(`Morada xmlns="http://www.cartaodecidadao.pt/tipos/ama"`, which, words("Versao"+inner, "000001"), words("Estado"+inner, "Securizado"))
}

// cardOf invents what a card's issuer keeps beside what is printed. Pictures are a grey square and a line.
func cardOf(p people.Person, _ question, _ time.Time) (told, bool) {
	if len(p.Documents) == 0 || p.Documents[0].Type != people.CitizenCard {
		return told{}, false
	}
	height := fmt.Sprintf("1,%02d", 50+pick(p, "height", 45))
	surname := p.Surnames[strings.LastIndexByte(p.Surnames, ' ')+1:]
	return told{
		text: "Altura " + height,
		parts: map[string]string{
			"Altura": height, "Sexo": choose(p, "sex", "Feminino", "Masculino"), "Foto": picture(24, 30), "Assinatura": picture(40, 8),
			"NomeProprioPai": choose(p, "father", "Joaquim Exemplo", "Inácio Inventado"), "NomeApelidoPai": surname,
			"NomeProprioMae": choose(p, "mother", "Amália Exemplo", "Custódia Inventada"), "NomeApelidoMae": surname,
		},
	}, true
}

func picture(width, height int) string {
	img := image.NewGray(image.Rect(0, 0, width, height))
	for x := range width {
		img.SetGray(x, height/2, color.Gray{Y: 200})
	}
	var b bytes.Buffer
	_ = png.Encode(&b, img) // writing to memory does not fail
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// employmentOf is what social security and the pension fund say together. Nobody here subscribes to the fund.
func employmentOf(p people.Person, q question, now time.Time) (told, bool) {
	situation := choose(p, "situation", "A", "A", "N", "E")
	line := map[string]string{"A": "Em atividade", "N": "Sem atividade", "E": "Em atividade, sem entidade empregadora"}[situation]
	parts := map[string]string{"situation": map[string]string{"A": "active", "N": "not_active", "E": "active_without_employer"}[situation]}
	employer := ""
	if situation == "A" {
		name := choose(p, "employer", "Exemplo & Filhos, Lda.", "Oficinas Inventadas, S.A.", "Cooperativa do Vale Claro")
		// Numbers of legal persons begin with 5 or 6; these are nobody's.
		employer = el("infoEE", words("nipc", fmt.Sprint(599990000+pick(p, "nipc", 9999))), words("firmadenom", name))
		line += ": " + name
		parts["employer"] = name
	}
	subscriber := q.Params["employment.SituacaoProfissional.nrSubscritor"]
	if subscriber == "" || len(subscriber) > 9 || strings.Trim(subscriber, "0123456789") != "" {
		subscriber = "0"
	}
	died := "0001-01-01T00:00:00" // the schema wants a day of death of the living too
	if !p.Deceased.IsZero() {
		died = p.Deceased.Format("2006-01-02T15:04:05")
	}
	parts["SituacaoProfissional"] = el(`SitProfissionalAberturaDeContaResponse xmlns="http://ama.pi/bpel/aberturadeconta"`,
		el("infoII", words("dataRetorno", now.UTC().Format("2006-01-02T15:04:05Z")), words("codigoResultado", "0"), words("situacaoProfissional", situation), employer),
		el("infoCGA", words("nrSubscritorCGA", subscriber), words("dataNascimento", p.BirthDate.Format("2006-01-02T15:04:05")), words("dataObito", died),
			words("codSituacaoFuncional", "3"), words("codigoResultado", "2")),
	)
	return told{text: line, parts: parts}, true
}

// schemeOf: two citizens of three are civil servants or their family.
func schemeOf(p people.Person, _ question, now time.Time) (told, bool) {
	if p.NIC == "" || pick(p, "scheme", 3) == 0 {
		return told{}, false
	}
	number := fmt.Sprintf("99%07d", pick(p, "beneficiary", 10_000_000))
	capacity := choose(p, "capacity", "Titular", "Familiar")
	until := time.Date(now.Year()+2, time.December, 31, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	return told{
		text:  "Número " + number + ", " + strings.ToLower(capacity) + ", até " + until,
		parts: map[string]string{"Nome": p.FullName(), "NumeroBeneficiario": number, "Qualidade": capacity, "Situacao": "Ativo", "DataValidade": until},
	}, true
}
