package counter

import (
	"net/url"
	"slices"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
	"chave/internal/page/ui"
)

// page shows the step that a case waits for. form is what was just posted, if it must be shown again, and cause what was wrong with it.
func (h *Handler) page(d desk, c enrol.Case, status int, form url.Values, cause error) error {
	view, err := h.view(d, c, form, cause)
	if err != nil {
		return err
	}
	h.Site.Render(d.w, d.r, status, view)
	return nil
}

func (h *Handler) view(d desk, c enrol.Case, form url.Values, cause error) (ui.View, error) {
	query := d.r.URL.Query()
	switch c.State {
	case enrol.AtDocument:
		return h.document(d, c, form, cause), nil
	case enrol.AtAttest:
		return Attest{Case: h.around(d, c, "attest", cause), Document: document(c), Checked: attested(form)}, nil
	case enrol.AtContacts:
		return h.contacts(d, c, form, cause), nil
	case enrol.AtNumbers:
		return h.numbers(d, c, form, cause)
	case enrol.Issued:
		return h.first(d, c)
	}
	if form != nil || query.Get("form") != "" || query.Get("type") != "" {
		return h.document(d, c, form, cause), nil
	}
	return h.refused(d, c), nil
}

// around is what stands around every step.
func (h *Handler) around(d desk, c enrol.Case, step string, cause error) Case {
	return Case{
		Form:    ui.Form{Action: casePath(c.ID), Step: step, Problems: ui.Problems(cause)},
		Account: d.account(), Path: casePath(c.ID), Name: c.Person.FullName(),
	}
}

// document asks first which document it is, and then what it says. What was typed last time is there again.
func (h *Handler) document(d desk, c enrol.Case, form url.Values, cause error) ui.View {
	e, query := c.Evidence, d.r.URL.Query()
	kind := citizen.DocumentType(query.Get("type"))
	switch {
	case form != nil:
		kind = citizen.DocumentType(form.Get("type"))
	case kind == "" && (query.Get("form") != "" || c.State == enrol.AtDocument):
		kind = e.Type
	}
	if !kind.Known() || form.Get("step") == "type" {
		return Type{Case: h.around(d, c, "type", cause), Chosen: string(kind)}
	}
	v := Document{
		Case: h.around(d, c, "document", cause), Type: string(kind), Number: e.Number, Issuer: string(e.Country), Expires: e.Expires.String(),
		Lifetime: e.Lifetime, GivenNames: e.GivenNames, Surnames: e.Surnames, BirthDate: e.BirthDate.String(), Nationality: string(e.Nationality),
		Zone: e.Zone, Back: casePath(c.ID) + "?type=other",
	}
	if v.Issuer == "" && kind != citizen.Passport {
		v.Issuer = string(citizen.Portugal)
	}
	if form != nil {
		v.Number, v.Issuer, v.Expires, v.Lifetime = form.Get("number"), form.Get("issuer"), form.Get("expires"), form.Get("lifetime") != ""
		v.GivenNames, v.Surnames, v.BirthDate = form.Get("given_names"), form.Get("surnames"), form.Get("birth_date")
		v.Nationality, v.Zone = form.Get("nationality"), form.Get("zone")
	}
	return v
}

func (h *Handler) contacts(d desk, c enrol.Case, form url.Values, cause error) ui.View {
	now := h.Now()
	state := func(proven bool, mac []byte, until time.Time) string {
		switch {
		case proven:
			return "proven"
		case mac != nil && now.Before(until):
			return "sent"
		}
		return ""
	}
	v := Contacts{
		Case: h.around(d, c, "contacts", cause), NeedsPhone: !c.Evidence.Type.National(), Speaks: c.Person.Lang,
		Phone: string(c.Person.Phone), PhoneState: state(c.PhoneProven, c.PhoneMAC, c.PhoneUntil), PhoneUntil: c.PhoneUntil,
		Email: string(c.Person.Email), EmailState: state(c.EmailProven, c.EmailMAC, c.EmailUntil), EmailUntil: c.EmailUntil,
	}
	if c.Person.Phone != "" {
		v.Phone = c.Person.Phone.String()
	}
	if form.Has("phone") {
		v.Phone = form.Get("phone")
	}
	if form.Has("email") {
		v.Email = form.Get("email")
	}
	if v.Speaks == "" {
		if v.Speaks = "en"; slices.Contains(speakPortuguese(), c.Person.Nationality) {
			v.Speaks = "pt"
		}
	}
	return v
}

// speakPortuguese are the countries whose people most likely want their messages in Portuguese; the operator asks.
func speakPortuguese() []citizen.Country {
	return []citizen.Country{citizen.Portugal, "AGO", "BRA", "CPV", "GNB", "MOZ", "STP", "TLS"}
}

// numbers warns, before the key is made, of every service that will not recognise the person (R2.10, PAIN-11).
func (h *Handler) numbers(d desk, c enrol.Case, form url.Values, cause error) (ui.View, error) {
	services, err := h.Services(d.ctx())
	if err != nil {
		return nil, err
	}
	lang := string(h.Site.Lang(d.r))
	shut := h.Enrol.Unserved(c.Person, services)
	number := func(name consent.Name, held string) Number {
		n := Number{Value: held, Fixed: held != ""}
		if !n.Fixed {
			n.Value = form.Get(string(name))
		}
		for _, u := range shut {
			if slices.Contains(u.Missing, name) {
				n.Services = append(n.Services, u.Service.Name.In(lang))
			}
		}
		return n
	}
	v := Numbers{
		Case: h.around(d, c, "numbers", cause),
		NIF:  number(consent.NIF, c.Person.NIF), NISS: number(consent.NISS, c.Person.NISS), NSNS: number(consent.NSNS, c.Person.NSNS),
		Never: others(shut, lang),
	}
	v.NIF.Required = c.NeedsNIF()
	return v, nil
}

// others names the services that no number of this page will open: they ask for what this document, or a key without a phone, never gives.
func others(shut []enrol.Unserved, lang string) []string {
	var all []string
	for _, u := range shut {
		hopeless := u.NeedsPhone
		for _, name := range u.Missing {
			hopeless = hopeless || !slices.Contains([]consent.Name{consent.NIF, consent.NISS, consent.NSNS}, name)
		}
		if hopeless {
			all = append(all, u.Service.Name.In(lang))
		}
	}
	return all
}

// first waits for the resident's first sign-in, looking again by itself: the last step of the desk journey (R2.11).
func (h *Handler) first(d desk, c enrol.Case) (ui.View, error) {
	done, err := h.Enrol.FirstSignInDone(d.ctx(), c)
	if err != nil {
		return nil, err
	}
	if !done {
		d.w.Header().Set("Refresh", "20")
	}
	return FirstSignIn{Case: h.around(d, c, "reissue", nil), Done: done, Until: c.PINUntil, SignIn: h.SignIn, Signature: h.Signature}, nil
}

// refused says why there is no key. Who has one already may have that one mended.
func (h *Handler) refused(d desk, c enrol.Case) ui.View {
	reason := ui.Problem{Code: string(c.Reason)}
	if c.Reason == fault.TooYoung {
		reason.Args = []any{"Years", h.Enrol.Rules.MinAge}
	}
	if c.Reason == fault.AlreadyHasKey && c.Act == enrol.Mend {
		return Held{Case: h.around(d, c, "mend", nil), Document: document(c), Reason: reason}
	}
	v := Refused{Case: h.around(d, c, "back", nil), Reason: reason}
	if h.Now().Before(c.ExpiresAt) && c.Reason != fault.Deceased {
		v.Retry = casePath(c.ID) + "?form=1"
	}
	return v
}

func document(c enrol.Case) ui.Document {
	doc := c.Person.Document()
	return ui.Document{Type: string(doc.Type), Country: string(doc.Country), Number: doc.Number, Expires: day(doc.Expires)}
}

// day is a calendar day as pages take it: midnight UTC is written as the plain date.
func day(d citizen.Date) time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}
