package faoauth

import (
	"slices"
	"strings"

	"chave/internal/core/service"
)

// Tab is one of the means that the reference shows side by side (§1.5.1).
type Tab string

// The tabs. QRCode is a choice inside CMD's.
const (
	TabCard   Tab = "CC"
	TabCMD    Tab = "CMD"
	TabQRCode Tab = "QRCODE"
	TabUser   Tab = "UPP"
	TabSocial Tab = "RSS"
)

// Tabs is what a request wants shown: which means are hidden, and which one comes first.
type Tabs struct {
	Hidden   []Tab `json:"hidden,omitempty"`
	Selected Tab   `json:"selected,omitempty"`
}

// shownAt lists what the reference shows at a level (§1.5.1).
func shownAt(level service.Level) []Tab {
	switch {
	case level >= service.LevelCard:
		return []Tab{TabCard}
	case level >= service.LevelEmail:
		return []Tab{TabCard, TabCMD}
	}
	return []Tab{TabCard, TabCMD, TabUser}
}

// readTabs understands hidden_tabs and default_selected_tab: any letter case, repeated, or separated by commas, semicolons or spaces (question 5.27). Words that name no
// tab are ignored. What contradicts itself or the level is dropped whole (§2.1, §1.5.1): everything hidden, two different first tabs, a first tab that is hidden or is
// not shown at this level. At level 4 no policy applies.
//
// Chave itself has one means, the phone's: the policy is checked and kept as the reference has it, and changes nothing that a person sees. A request that hides CMD
// hides all there is, which is ignored like every other such request.
func readTabs(q query, level service.Level) Tabs {
	shown := shownAt(level)
	if level >= service.LevelCard {
		return Tabs{}
	}
	var t Tabs
	for _, tab := range tabsOf(q, "hidden_tabs") {
		if !slices.Contains(t.Hidden, tab) {
			t.Hidden = append(t.Hidden, tab)
		}
	}
	selected := slices.Compact(slices.Sorted(slices.Values(tabsOf(q, "default_selected_tab"))))
	left := 0
	for _, tab := range shown {
		if !slices.Contains(t.Hidden, tab) {
			left++
		}
	}
	if left == 0 || len(selected) > 1 {
		return Tabs{}
	}
	if len(selected) == 0 {
		return t
	}
	t.Selected = selected[0]
	at := t.Selected
	if at == TabQRCode {
		at = TabCMD
	}
	if slices.Contains(t.Hidden, t.Selected) || slices.Contains(t.Hidden, at) || !slices.Contains(shown, at) {
		return Tabs{}
	}
	return t
}

func tabsOf(q query, name string) []Tab {
	var tabs []Tab
	for _, word := range q.words(name, ",;") {
		tab := Tab(strings.ToUpper(word))
		if slices.Contains([]Tab{TabCard, TabCMD, TabQRCode, TabUser, TabSocial}, tab) {
			tabs = append(tabs, tab)
		}
	}
	return tabs
}
