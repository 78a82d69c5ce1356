package text

import (
	"sort"
	"strings"
	"unicode"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	"golang.org/x/text/unicode/norm"
)

// alpha3 are the country codes of ISO 3166-1, as the `country` field of a form takes them.
const alpha3 = `ABW AFG AGO AIA ALA ALB AND ARE ARG ARM ASM ATA ATF ATG AUS AUT AZE BDI BEL BEN BES BFA BGD BGR BHR BHS BIH BLM BLR BLZ
BMU BOL BRA BRB BRN BTN BVT BWA CAF CAN CCK CHE CHL CHN CIV CMR COD COG COK COL COM CPV CRI CUB CUW CXR CYM CYP CZE DEU DJI DMA DNK DOM
DZA ECU EGY ERI ESH ESP EST ETH FIN FJI FLK FRA FRO FSM GAB GBR GEO GGY GHA GIB GIN GLP GMB GNB GNQ GRC GRD GRL GTM GUF GUM GUY HKG HMD
HND HRV HTI HUN IDN IMN IND IOT IRL IRN IRQ ISL ISR ITA JAM JEY JOR JPN KAZ KEN KGZ KHM KIR KNA KOR KWT LAO LBN LBR LBY LCA LIE LKA LSO
LTU LUX LVA MAC MAF MAR MCO MDA MDG MDV MEX MHL MKD MLI MLT MMR MNE MNG MNP MOZ MRT MSR MTQ MUS MWI MYS MYT NAM NCL NER NFK NGA NIC NIU
NLD NOR NPL NRU NZL OMN PAK PAN PCN PER PHL PLW PNG POL PRI PRK PRT PRY PSE PYF QAT REU ROU RUS RWA SAU SDN SEN SGP SGS SHN SJM SLB SLE
SLV SMR SOM SPM SRB SSD STP SUR SVK SVN SWE SWZ SXM SYC SYR TCA TCD TGO THA TJK TKL TKM TLS TON TTO TUN TUR TUV TWN TZA UGA UKR UMI URY
USA UZB VAT VCT VEN VGB VIR VNM VUT WLF WSM YEM ZAF ZMB ZWE`

// Country is one choice of a country list.
type Country struct {
	Code string // ISO 3166-1 alpha-3
	Name string // in the list's language
}

// Countries lists all countries by name. The caller must not change the slice.
func (c *Catalogue) Countries(lang Lang) []Country { return c.countries[lang] }

// Country is the name of a country by its alpha-3 code; a code nobody knows stays as it is.
func (c *Catalogue) Country(lang Lang, code string) string {
	for _, country := range c.countries[lang] {
		if country.Code == code {
			return country.Name
		}
	}
	return code
}

func countriesIn(l Lang) []Country {
	tag := language.BritishEnglish
	if l == Portuguese {
		tag = language.EuropeanPortuguese
	}
	namer := display.Regions(tag)
	var list []Country
	for _, code := range strings.Fields(alpha3) {
		region, err := language.ParseRegion(code)
		if err != nil {
			continue
		}
		list = append(list, Country{Code: code, Name: namer.Name(region)})
	}
	// África stands between Afeganistão and Albânia, not after Zimbabué: accents do not count in the order.
	sort.Slice(list, func(i, j int) bool { return bare(list[i].Name) < bare(list[j].Name) })
	return list
}

func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(s))
}
