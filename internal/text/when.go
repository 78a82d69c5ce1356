package text

import (
	"fmt"
	"time"

	"golang.org/x/text/language"
)

func languageTag(l Lang) language.Tag {
	if l == English {
		return language.BritishEnglish
	}
	return language.Portuguese
}

var monthsIn = map[Lang][12]string{
	Portuguese: {"janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro", "dezembro"},
	English:    {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
}

// Zone is the clock the pages speak: Lisbon's, which the law's days end by (R1.26). A page that shows a time of day
// says so, because many readers live abroad.
func (c *Catalogue) Zone() *time.Location { return c.zone }

// Date writes a calendar day: "23 de novembro de 2026", "23 November 2026". An instant is read on Lisbon's calendar;
// a value at exactly midnight UTC is a plain date, such as a birthday, and keeps its day.
func (c *Catalogue) Date(lang Lang, t time.Time) string {
	if u := t.UTC(); !u.Equal(u.Truncate(24 * time.Hour)) {
		t = t.In(c.zone)
	} else {
		t = u
	}
	y, m, d := t.Date()
	if lang == Portuguese {
		return fmt.Sprintf("%d de %s de %d", d, monthsIn[lang][m-1], y)
	}
	return fmt.Sprintf("%d %s %d", d, monthsIn[English][m-1], y)
}

// Clock writes the time of day in Lisbon: "14:32".
func (c *Catalogue) Clock(_ Lang, t time.Time) string { return t.In(c.zone).Format("15:04") }

// Moment writes a day and a time of day in Lisbon.
func (c *Catalogue) Moment(lang Lang, t time.Time) string {
	local := t.In(c.zone)
	y, m, d := local.Date()
	if lang == Portuguese {
		return fmt.Sprintf("%d de %s de %d, às %s", d, monthsIn[lang][m-1], y, local.Format("15:04"))
	}
	return fmt.Sprintf("%d %s %d at %s", d, monthsIn[English][m-1], y, local.Format("15:04"))
}

// Until writes when something ends, as briefly as is clear: only the time when that is today, else day and time.
func (c *Catalogue) Until(lang Lang, t, now time.Time) string {
	y1, m1, d1 := t.In(c.zone).Date()
	y2, m2, d2 := now.In(c.zone).Date()
	if y1 == y2 && m1 == m2 && d1 == d2 {
		return c.Clock(lang, t)
	}
	return c.Moment(lang, t)
}

// Month writes a month for a chart's axis: "nov".
func (c *Catalogue) Month(lang Lang, m time.Month) string {
	return string([]rune(monthsIn[lang][m-1])[:3])
}
