package oidc

import (
	"slices"
	"strconv"

	"chave/internal/core/service"
)

// acrName is one way to name a level. Its levels are those that satisfy the name exactly.
type acrName struct {
	name      string
	asks      service.Level // what a request for it needs
	upTo      service.Level // the highest level it still describes
	published bool
}

// acrTable maps levels of assurance to acr values (blueprint §4.4). Ours is the urn. Plain digits are accepted because CMD's FAAALevel is written so.
// The eIDAS names follow R9.04, which counts phone and card as high; until an assessor has agreed, a deployment should not read them as a
// notification under eIDAS.
func acrTable() []acrName {
	return []acrName{
		{"urn:chave:level:1", service.LevelPassword, service.LevelPassword, false},
		{"urn:chave:level:2", service.LevelEmail, service.LevelEmail, true},
		{"urn:chave:level:3", service.LevelPhone, service.LevelPhone, true},
		{"urn:chave:level:4", service.LevelCard, service.LevelCard, false}, // nothing reaches it yet
		{"1", service.LevelPassword, service.LevelPassword, false},
		{"2", service.LevelEmail, service.LevelEmail, true},
		{"3", service.LevelPhone, service.LevelPhone, true},
		{"4", service.LevelCard, service.LevelCard, false},
		{"http://eidas.europa.eu/LoA/low", service.LevelEmail, service.LevelEmail, true},
		{"http://eidas.europa.eu/LoA/substantial", service.LevelPhone, service.LevelPhone, true},
		{"http://eidas.europa.eu/LoA/high", service.LevelPhone, service.LevelCard, true},
	}
}

// reachable is the highest level that somebody can reach today: a phone code.
const reachable = service.LevelPhone

func acrNames() []string {
	var names []string
	for _, a := range acrTable() {
		if a.published {
			names = append(names, a.name)
		}
	}
	return names
}

func acrByName(name string) (acrName, bool) {
	for _, a := range acrTable() {
		if a.name == name {
			return a, true
		}
	}
	return acrName{}, false
}

// levelFor picks the level to ask the person for: the lowest listed one that the registration's floor allows. Names we do not know do not count. When acr
// is essential and no listed value can be reached, ok is false: such a request fails whoever signs in (OIDC Core §5.5.1.1).
func levelFor(listed []string, essential bool, floor service.Level) (level service.Level, ok bool) {
	best, known := service.Level(0), false
	for _, name := range listed {
		a, found := acrByName(name)
		if !found || a.asks > reachable {
			continue
		}
		known = true
		if a.asks >= floor && (best == 0 || a.asks < best) {
			best = a.asks
		}
	}
	if best == 0 {
		best = floor
		if wantsMore(listed) {
			best = max(floor, reachable)
		}
	}
	return best, known || !essential || len(listed) == 0
}

// wantsMore tells whether a voluntary list holds only levels beyond what can be reached: then the best there is comes closest.
func wantsMore(listed []string) bool {
	more := false
	for _, name := range listed {
		if a, found := acrByName(name); found {
			if a.asks <= reachable {
				return false
			}
			more = true
		}
	}
	return more
}

// acrOf names the level that was reached, never more: in the words of the request where one fits exactly; for an essential request, which needs an
// answer from its list, the highest listed one that is satisfied; else in ours.
func acrOf(reached service.Level, listed []string, essential bool) string {
	best := acrName{}
	for _, name := range listed {
		a, found := acrByName(name)
		if !found || a.asks > reached {
			continue
		}
		if reached <= a.upTo {
			return a.name
		}
		if a.asks > best.asks {
			best = a
		}
	}
	if essential && best.name != "" {
		return best.name
	}
	return "urn:chave:level:" + strconv.Itoa(int(reached))
}

// amrOf names the means as RFC 8176 §2 does. It has no word for a code by e-mail, so that is "otp"; and as e-mail proves no possession (N5, A5), such a
// sign-in is not called "mfa".
func amrOf(means []string) []string {
	var amr []string
	for _, m := range means {
		if m == "email" {
			m = "otp"
		}
		amr = append(amr, m)
	}
	if slices.Contains(means, "pin") && slices.Contains(means, "sms") {
		amr = append(amr, "mfa")
	}
	return amr
}
