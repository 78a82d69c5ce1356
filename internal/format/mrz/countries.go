package mrz

import "strings"

// KnownCountry tells whether a code may stand as issuer or nationality in a zone: ISO 3166-1 alpha-3, or a special code of
// 9303-3 §5. "D" counts; so does "UTO", the country of specimens, for a demo must be able to show one.
func KnownCountry(code string) bool {
	return (len(code) == 3 || code == "D") && strings.Contains(isoCodes+specialCodes, " "+code+" ")
}

// ISOCountry returns the ISO 3166-1 alpha-3 code of the state behind a code, and whether there is one: "GBN" and the
// other British kinds of nationality give "GBR", "D" gives "DEU", "XXA" (stateless) gives none.
func ISOCountry(code string) (string, bool) {
	switch code {
	case "D":
		return "DEU", true
	case "GBD", "GBN", "GBO", "GBP", "GBS":
		return "GBR", true
	}
	return code, len(code) == 3 && strings.Contains(isoCodes, " "+code+" ")
}

// Each list begins and ends with a blank, so that a code between blanks is in it or not.
const (
	isoCodes = " ABW AFG AGO AIA ALA ALB AND ARE ARG ARM ASM ATA ATF ATG AUS AUT AZE BDI BEL BEN BES BFA BGD BGR BHR BHS BIH BLM " +
		"BLR BLZ BMU BOL BRA BRB BRN BTN BVT BWA CAF CAN CCK CHE CHL CHN CIV CMR COD COG COK COL COM CPV CRI CUB CUW CXR CYM " +
		"CYP CZE DEU DJI DMA DNK DOM DZA ECU EGY ERI ESH ESP EST ETH FIN FJI FLK FRA FRO FSM GAB GBR GEO GGY GHA GIB GIN GLP " +
		"GMB GNB GNQ GRC GRD GRL GTM GUF GUM GUY HKG HMD HND HRV HTI HUN IDN IMN IND IOT IRL IRN IRQ ISL ISR ITA JAM JEY JOR " +
		"JPN KAZ KEN KGZ KHM KIR KNA KOR KWT LAO LBN LBR LBY LCA LIE LKA LSO LTU LUX LVA MAC MAF MAR MCO MDA MDG MDV MEX MHL " +
		"MKD MLI MLT MMR MNE MNG MNP MOZ MRT MSR MTQ MUS MWI MYS MYT NAM NCL NER NFK NGA NIC NIU NLD NOR NPL NRU NZL OMN PAK " +
		"PAN PCN PER PHL PLW PNG POL PRI PRK PRT PRY PSE PYF QAT REU ROU RUS RWA SAU SDN SEN SGP SGS SHN SJM SLB SLE SLV SMR " +
		"SOM SPM SRB SSD STP SUR SVK SVN SWE SWZ SXM SYC SYR TCA TCD TGO THA TJK TKL TKM TLS TON TTO TUN TUR TUV TWN TZA UGA " +
		"UKR UMI URY USA UZB VAT VCT VEN VGB VIR VNM VUT WLF WSM YEM ZAF ZMB ZWE "

	// Germany; kinds of British nationality; European Union; United Nations and its mission in Kosovo; African, American and
	// European bodies; Interpol; Order of Malta; stateless, refugees and unspecified; Kosovo as its own documents print it;
	// specimens.
	specialCodes = " D GBD GBN GBO GBP GBS EUE UNO UNA UNK XAA XBA XCC XCE XCO XDC XEC XES XIM XMP XOM XPO XXA XXB XXC XXX RKS XKX UTO "
)
