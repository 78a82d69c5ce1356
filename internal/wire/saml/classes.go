package saml

import (
	"strconv"

	"chave/internal/core/service"
	format "chave/internal/format/saml"
)

// class is one name of an authentication context and what it means here.
type class struct {
	name     string
	strength service.Level // what a request for it needs
	upTo     service.Level // the highest level that the name still describes: the ceiling of a maximum
	named    bool          // whether we ever say it of a sign-in of ours
}

// classTable maps authentication context classes to levels of assurance (blueprint §4.4).
//
// Ours is the urn. The eIDAS names follow R9.04. Password classes hold for every sign-in here, because each has a PIN over TLS in it. Multi-factor names mean PIN and
// a code to a registered phone, which is what their authors describe; the token and card classes count as strengths in a comparison but are never said
// of a sign-in that used no such thing.
//
//	urn:oasis:…:ac:classes:*            SAML authentication context §3.4
//	https://refeds.org/profile/mfa      REFEDS MFA profile 1.2 §3
//	http://eidas.europa.eu/LoA/*        Regulation (EU) 2015/1502 as eIDAS message format 1.4 §2.4 writes it
//	…/claims/multipleauthn              what services of Microsoft's make ask for multi-factor by
func classTable() []class {
	const oasis = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
	return []class{
		{"urn:chave:level:1", service.LevelPassword, service.LevelPassword, true},
		{"urn:chave:level:2", service.LevelEmail, service.LevelEmail, true},
		{"urn:chave:level:3", service.LevelPhone, service.LevelPhone, true},
		{"urn:chave:level:4", service.LevelCard, service.LevelCard, true},
		{"http://eidas.europa.eu/LoA/low", service.LevelEmail, service.LevelEmail, true},
		{"http://eidas.europa.eu/LoA/substantial", service.LevelPhone, service.LevelPhone, true},
		{"http://eidas.europa.eu/LoA/high", service.LevelPhone, service.LevelCard, true},
		{format.ClassUnspecified, service.LevelPassword, service.LevelCard, true},
		{format.ClassPassword, service.LevelPassword, service.LevelCard, true},
		{format.ClassPasswordProtectedTransport, service.LevelPassword, service.LevelCard, true},
		{format.ClassMobileTwoFactorUnregistered, service.LevelPhone, service.LevelPhone, true},
		{format.ClassMobileTwoFactorContract, service.LevelPhone, service.LevelPhone, true},
		{"https://refeds.org/profile/mfa", service.LevelPhone, service.LevelCard, true},
		{"http://schemas.microsoft.com/claims/multipleauthn", service.LevelPhone, service.LevelCard, true},
		{oasis + "TimeSyncToken", service.LevelPhone, service.LevelPhone, false},
		{oasis + "Smartcard", service.LevelCard, service.LevelCard, false},
		{oasis + "X509", service.LevelCard, service.LevelCard, false},
		{format.ClassSmartcardPKI, service.LevelCard, service.LevelCard, false},
	}
}

// reachable is the highest level that somebody can reach today: a phone code.
const reachable = service.LevelPhone

func classNamed(name string) (class, bool) {
	for _, c := range classTable() {
		if c.name == name {
			return c, true
		}
	}
	return class{}, false
}

// classes is RequestedAuthnContext.
type classes struct {
	Comparison string   `json:"comparison,omitempty"` // empty when nothing was asked
	Listed     []string `json:"listed,omitempty"`
}

func askedClasses(asked *format.RequestedAuthnContext) classes {
	if asked == nil {
		return classes{}
	}
	return classes{Comparison: asked.Comparison, Listed: asked.ClassRefs} // declarations are no class of ours, so an empty list can never be met
}

// level is what the person must reach; ok is false when nobody could meet the comparison (SAML core §3.3.2.2.1). The registration's floor holds in any case.
//
// exact and minimum take the weakest class that will do; better wants more than every one listed, so a class we do not know makes it impossible; maximum asks for
// no more than the floor, and the person's best means are used all the same, because somebody's phone cannot be left out to look weaker.
func (c classes) level(floor service.Level) (level service.Level, ok bool) {
	if c.Comparison == "" {
		return floor, true
	}
	lowest, highest, ceiling, unknown := service.Level(0), service.Level(0), service.Level(0), false
	for _, name := range c.Listed {
		known, found := classNamed(name)
		if !found {
			unknown = true
			continue
		}
		highest, ceiling = max(highest, known.strength), max(ceiling, known.upTo)
		if c.Comparison == "exact" && !known.named {
			continue
		}
		if known.strength <= reachable && (lowest == 0 || known.strength < lowest) {
			lowest = known.strength
		}
	}
	switch c.Comparison {
	case "exact", "minimum":
		return max(floor, lowest), lowest > 0
	case "better":
		return max(floor, highest+1), highest > 0 && highest < reachable && !unknown
	case "maximum":
		return floor, ceiling >= floor
	}
	return 0, false
}

// said names the level that was reached, never more. A service that asked for exact or maximum gets the strongest class of its list that the sign-in includes, even
// when it reached more, for it would refuse any other word; one that asked for a minimum gets its own word only where that says as much as ours.
func (c classes) said(reached service.Level) string {
	best := class{}
	for _, name := range c.Listed {
		known, found := classNamed(name)
		if found && known.named && known.strength <= reached && known.strength > best.strength {
			best = known
		}
	}
	switch c.Comparison {
	case "exact", "maximum":
		if best.name != "" {
			return best.name
		}
	case "minimum":
		if best.strength == reached {
			return best.name
		}
	}
	return "urn:chave:level:" + strconv.Itoa(int(reached))
}
