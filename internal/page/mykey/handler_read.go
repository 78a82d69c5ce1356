package mykey

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/core/credential"
	"chave/internal/core/service"
	"chave/internal/page/door"
	"chave/internal/page/ui"
)

// most is how many lines of history a page shows.
const most = 200

// soon is how long before its end a key's holder is told on every visit.
const soon = 60 * 24 * time.Hour

func (h *Handler) overview(w http.ResponseWriter, r *http.Request, who door.Inside) error {
	own, err := h.Login.Own(r.Context(), who.Person.ID)
	if err != nil {
		return err
	}
	known, err := h.names(r)
	if err != nil {
		return err
	}
	last, err := h.Login.History(r.Context(), who.Person.ID, h.since(), 1)
	if err != nil {
		return err
	}
	p := own.Person
	v := Overview{
		Own: h.own(who), State: string(own.Status), Document: document(p.Document()), KeyEnds: lastDay(own.Ends, h.Login.Policy.Zone),
		Phone: maskedPhone(p.Phone), Email: maskedEmail(p.Email), NIF: masked(p.NIF), NISS: masked(p.NISS), NSNS: masked(p.NSNS),
	}
	if len(last) > 0 {
		v.LastVisit = last[0].At
		v.LastService, _ = h.name(r, known, last[0].Service)
	}
	subject := consent.Subject{Person: p, KeyEnds: own.Ends, Zone: h.Login.Policy.Zone}
	v.Notices = h.notices(r, v, own.Status, own.Ends, subject, known)
	h.Site.Render(w, r, http.StatusOK, v)
	return nil
}

// notices tells what the holder can still do something about: an end that comes near, numbers that services miss.
func (h *Handler) notices(r *http.Request, v Overview, status credential.Status, ends time.Time, subject consent.Subject, known names) []Notice {
	var all []Notice
	if left := ends.Sub(h.Now()); status == credential.StatusGrace || left < soon {
		kind := "warning"
		if status == credential.StatusGrace {
			kind = "danger"
		}
		all = append(all, Notice{Kind: kind, Key: "ends_soon", Args: []any{"Day", v.KeyEnds}})
	}
	lang := string(h.Site.Lang(r))
	for _, number := range []struct {
		name consent.Name
		key  string
	}{{consent.NIF, "no_nif"}, {consent.NISS, "no_niss"}, {consent.NSNS, "no_nsns"}} {
		if shut := missedBy(known, subject, number.name, lang); len(shut) > 0 {
			all = append(all, Notice{Kind: "warning", Key: number.key, Args: []any{"Services", strings.Join(shut, ", ")}})
		}
	}
	if subject.Person.Phone == "" {
		all = append(all, Notice{Kind: "info", Key: "no_phone"})
	}
	return all
}

// missedBy names the services that require a number which the key does not hold.
func missedBy(known names, subject consent.Subject, number consent.Name, lang string) []string {
	var shut []string
	for _, one := range sorted(known) {
		if one.FirstParty || one.Closed {
			continue
		}
		for _, missing := range one.Lacks(subject) {
			if missing == number {
				shut = append(shut, one.Name.In(lang))
			}
		}
	}
	return shut
}

func (h *Handler) since() time.Time { return h.Now().AddDate(0, 0, -h.Keep) }

func (h *Handler) history(w http.ResponseWriter, r *http.Request, who door.Inside) error {
	visits, err := h.Login.History(r.Context(), who.Person.ID, h.since(), most+1)
	if err != nil {
		return err
	}
	known, err := h.names(r)
	if err != nil {
		return err
	}
	v := History{Own: h.own(who), Days: h.Keep, More: len(visits) > most, Months: h.months(visits)}
	for _, one := range visits[:min(most, len(visits))] {
		line := Visit{At: one.At, Outcome: one.Outcome, Level: one.Level, Means: one.Means, New: one.Browser == "new"}
		line.Name, line.Category = h.name(r, known, one.Service)
		v.Visits = append(v.Visits, line)
	}
	h.Site.Render(w, r, http.StatusOK, v)
	return nil
}

// months counts what was opened in each month that history reaches back to, by Lisbon's calendar.
func (h *Handler) months(visits []consent.Visit) []Month {
	zone := h.Login.Policy.Zone
	count := map[[2]int]int{}
	for _, one := range visits {
		if one.Outcome == "signed_in" {
			y, m, _ := one.At.In(zone).Date()
			count[[2]int{y, int(m)}]++
		}
	}
	var all []Month
	now := citizen.DateOf(h.Now(), zone)
	first := citizen.DateOf(h.since(), zone)
	for y, m := first.Year, first.Month; y < now.Year || y == now.Year && m <= now.Month; {
		all = append(all, Month{Year: y, Month: m, Count: count[[2]int{y, int(m)}]})
		if m++; m > time.December {
			y, m = y+1, time.January
		}
	}
	return all
}

func document(d citizen.Document) ui.Document {
	return ui.Document{Type: string(d.Type), Country: string(d.Country), Number: d.Number, Expires: day(d.Expires)}
}

// day is a calendar day as pages take it: midnight UTC is written as the plain date.
func day(d citizen.Date) time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

// lastDay is the last day on which the key works (R1.29).
func lastDay(ends time.Time, zone *time.Location) time.Time {
	return day(citizen.DateOf(ends.Add(-time.Second), zone))
}

// masked keeps the last three characters, so that nobody reads a number over the holder's shoulder.
func masked(number string) string {
	if len(number) <= 3 {
		return ""
	}
	return strings.Repeat("•", len(number)-3) + number[len(number)-3:]
}

func maskedPhone(p citizen.Phone) string {
	if p == "" {
		return ""
	}
	prefix, national, _ := strings.Cut(p.String(), " ")
	return prefix + " " + masked(national)
}

func maskedEmail(e citizen.Email) string {
	local, domain, found := strings.Cut(string(e), "@")
	if !found || local == "" {
		return ""
	}
	return string([]rune(local)[:1]) + "•••@" + domain
}

func sorted(known names) []service.Service {
	var ids []string
	for id := range known {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var all []service.Service
	for _, id := range ids {
		all = append(all, known[id])
	}
	return all
}
