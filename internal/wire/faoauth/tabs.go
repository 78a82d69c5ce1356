package faoauth

import (
	"slices"
	"strings"

	"chave/internal/core/service"
)

// tab is one of the means that the reference shows side by side (§1.5.1).
type tab string

// The tabs. QRCode is a choice inside CMD's.
const (
	tabCard   tab = "CC"
	tabCMD    tab = "CMD"
	tabQRCode tab = "QRCODE"
	tabUser   tab = "UPP"
	tabSocial tab = "RSS"
)

// tabs is what a request wants shown: which means are hidden, and which one comes first.
type tabs struct {
	hidden   []tab
	selected tab
}

// shownAt lists what the reference shows at a level (§1.5.1).
func shownAt(level service.Level) []tab {
	switch {
	case level >= service.LevelCard:
		return []tab{tabCard}
	case level >= service.LevelEmail:
		return []tab{tabCard, tabCMD}
	}
	return []tab{tabCard, tabCMD, tabUser}
}

// readTabs understands hidden_tabs and default_selected_tab: any letter case, repeated, or separated by commas, semicolons or spaces (question 5.27). Words that name no
// tab are ignored. What contradicts itself or the level is dropped whole (§2.1, §1.5.1): everything hidden, two different first tabs, a first tab that is hidden or is
// not shown at this level. At level 4 no policy applies.
//
// Chave itself has one means, CMD's: all that a policy changes is that a request which hides it, and still shows the card's, has nobody to let in. See leavesNobody.
func readTabs(q query, level service.Level) tabs {
	shown := shownAt(level)
	if level >= service.LevelCard {
		return tabs{}
	}
	var t tabs
	for _, one := range tabsOf(q, "hidden_tabs") {
		if !slices.Contains(t.hidden, one) {
			t.hidden = append(t.hidden, one)
		}
	}
	selected := slices.Compact(slices.Sorted(slices.Values(tabsOf(q, "default_selected_tab"))))
	left := 0
	for _, one := range shown {
		if !slices.Contains(t.hidden, one) {
			left++
		}
	}
	if left == 0 || len(selected) > 1 {
		return tabs{}
	}
	if len(selected) == 0 {
		return t
	}
	t.selected = selected[0]
	at := t.selected
	if at == tabQRCode {
		at = tabCMD
	}
	if slices.Contains(t.hidden, t.selected) || slices.Contains(t.hidden, at) || !slices.Contains(shown, at) {
		return tabs{}
	}
	return t
}

func tabsOf(q query, name string) []tab {
	var all []tab
	for _, word := range q.words(name, ",;") {
		one := tab(strings.ToUpper(word))
		if slices.Contains([]tab{tabCard, tabCMD, tabQRCode, tabUser, tabSocial}, one) {
			all = append(all, one)
		}
	}
	return all
}

// leavesNobody tells whether none of the means that are left exists here: at level 4 there is the card's alone, and a request that hides CMD wants no CMD.
func (t tabs) leavesNobody(level service.Level) bool {
	return level >= service.LevelCard || slices.Contains(t.hidden, tabCMD)
}
