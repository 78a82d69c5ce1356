package fasaml

import "slices"

// Tab is a way to sign in, as the original's page shows it (§1.5.1).
type Tab string

// The tabs. QRCode is a choice inside CMD's.
const (
	TabCard     Tab = "CC"
	TabCMD      Tab = "CMD"
	TabPassword Tab = "UPP"
	TabSocial   Tab = "RSS"
	TabQRCode   Tab = "QRCODE"
)

// TabPolicy is what a service would like the page to look like.
type TabPolicy struct {
	Hide    []Tab
	Default []Tab // at most one makes sense
}

// Screen is what the page shows: tabs from the highest level to the lowest, and the one that is open.
type Screen struct {
	Shown []Tab
	Open  Tab
	QR    bool // CMD's tab offers the QR code
}

// Shows tells whether a tab is there.
func (s Screen) Shows(t Tab) bool { return slices.Contains(s.Shown, t) }

// Tabs applies a policy to the tabs of a level (1 to 4). A policy that contradicts itself or the level is dropped as a whole, and the card's tab is
// preferred (§1.5.1); at level 4 none applies. Names that are no tab hide nothing, and cannot be the default.
func Tabs(level int, p TabPolicy) Screen {
	all := []Tab{TabCard}
	switch {
	case level >= 4:
		return Screen{Shown: all, Open: TabCard}
	case level >= 2:
		all = append(all, TabCMD)
	default:
		all = append(all, TabCMD, TabPassword, TabSocial)
	}
	plain := Screen{Shown: all, Open: TabCard, QR: true}
	var shown []Tab
	for _, t := range all {
		if !slices.Contains(p.Hide, t) {
			shown = append(shown, t)
		}
	}
	if len(shown) == 0 || len(p.Default) > 1 {
		return plain
	}
	s := Screen{Shown: shown, Open: shown[0]}
	s.QR = s.Shows(TabCMD) && !slices.Contains(p.Hide, TabQRCode)
	if len(p.Default) == 0 {
		return s
	}
	s.Open = p.Default[0]
	if s.Open == TabQRCode && s.QR {
		s.Open = TabCMD
	}
	if !s.Shows(s.Open) {
		return plain
	}
	return s
}
