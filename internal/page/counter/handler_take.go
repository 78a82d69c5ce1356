package counter

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
)

// takeType only chooses a form: nothing is decided before the document is read.
func (h *Handler) takeType(d desk, form url.Values) error {
	kind := citizen.DocumentType(form.Get("type"))
	if kind == "" {
		return fault.New(fault.FieldMissing).On("type")
	}
	if !kind.Known() { // R1.16
		return fault.New(fault.DocumentNotAccepted).On("type")
	}
	http.Redirect(d.w, d.r, casePath(d.id())+"?"+url.Values{"type": {string(kind)}}.Encode(), http.StatusSeeOther)
	return nil
}

// takeDocument reads the form, points at every problem at once, and has core decide.
func (h *Handler) takeDocument(d desk, form url.Values) error {
	e, bad := evidence(form)
	if len(bad) > 0 {
		problems := bad
		for _, p := range h.Enrol.Check(&e) { // a date that cannot be read is not also missing
			if !slices.ContainsFunc(bad, func(b *fault.Error) bool { return b.Field == p.Field }) {
				problems = append(problems, p)
			}
		}
		return problems
	}
	c, err := h.Enrol.Document(d.ctx(), d.id(), d.me(), e)
	if err != nil {
		return err
	}
	if c.State == enrol.Refused {
		return again(d)
	}
	http.Redirect(d.w, d.r, casePath(c.ID)+"/answer", http.StatusSeeOther)
	return nil
}

// evidence reads the form's fields; dates that nobody can read come back as problems.
func evidence(form url.Values) (enrol.Evidence, enrol.Problems) {
	e := enrol.Evidence{
		Type: citizen.DocumentType(form.Get("type")), Country: citizen.Country(form.Get("issuer")), Number: form.Get("number"),
		Lifetime: form.Get("lifetime") != "", GivenNames: form.Get("given_names"), Surnames: form.Get("surnames"),
		Nationality: citizen.Country(form.Get("nationality")), Zone: form.Get("zone"),
	}
	var problems enrol.Problems
	for field, into := range map[string]*citizen.Date{"expires": &e.Expires, "birth_date": &e.BirthDate} {
		typed := strings.TrimSpace(form.Get(field))
		if typed == "" {
			continue
		}
		read, ok := readDate(typed)
		if !ok {
			problems = append(problems, fault.New(fault.FieldMalformed).On(field))
		}
		*into = read
	}
	slices.SortFunc(problems, func(a, b *fault.Error) int { return strings.Compare(a.Field, b.Field) })
	return e, problems
}

// readDate takes what a date field sends, and what people type where a browser shows a plain field: day, month, year.
func readDate(typed string) (citizen.Date, bool) {
	if d, err := citizen.ParseDate(typed); err == nil {
		return d, true
	}
	parts := strings.FieldsFunc(typed, func(r rune) bool { return strings.ContainsRune("-/. ", r) })
	if len(parts) != 3 || len(parts[2]) != 4 {
		return citizen.Date{}, false
	}
	for i, p := range parts[:2] {
		if len(p) == 1 {
			parts[i] = "0" + p
		}
	}
	d, err := citizen.ParseDate(parts[2] + "-" + parts[1] + "-" + parts[0])
	return d, err == nil
}

func (h *Handler) takeBack(d desk, _ url.Values) error {
	if _, err := h.Enrol.Back(d.ctx(), d.id(), d.me()); err != nil {
		return err
	}
	return again(d)
}

func (h *Handler) takeAttest(d desk, form url.Values) error {
	if _, err := h.Enrol.Attest(d.ctx(), d.id(), d.me(), attested(form)); err != nil {
		return err
	}
	return again(d)
}

// attested reads the ticks: a checkbox of its own for each, or the values of one name.
func attested(form url.Values) []string {
	checked := slices.Clone(form["attest"])
	for _, item := range enrol.Attestations() {
		if form.Get(item) != "" {
			checked = append(checked, item)
		}
	}
	return checked
}

func (h *Handler) takeContacts(d desk, form url.Values) error {
	lang := form.Get("speaks")
	if lang != "pt" && lang != "en" {
		lang = string(h.Site.Lang(d.r))
	}
	var err error
	switch form.Get("do") {
	case "send_phone":
		_, err = h.Enrol.SendPhoneCode(d.ctx(), d.id(), d.me(), form.Get("phone"), lang)
	case "send_email":
		_, err = h.Enrol.SendEmailCode(d.ctx(), d.id(), d.me(), form.Get("email"), lang)
	case "prove_phone":
		err = withCode(form.Get("phone_code"), "phone_code", func(code credential.Code) error {
			_, err := h.Enrol.ProvePhone(d.ctx(), d.id(), d.me(), code)
			return err
		})
	case "prove_email":
		err = withCode(form.Get("email_code"), "email_code", func(code credential.Code) error {
			_, err := h.Enrol.ProveEmail(d.ctx(), d.id(), d.me(), code)
			return err
		})
	case "done":
		_, err = h.Enrol.ContactsDone(d.ctx(), d.id(), d.me())
	default:
		return fault.New(fault.RequestMalformed).On("do")
	}
	if err != nil {
		return err
	}
	return again(d)
}

func withCode(typed, field string, prove func(credential.Code) error) error {
	code, err := credential.ParseCode(typed)
	if err != nil {
		return fault.New(fault.CodeMalformed).On(field)
	}
	return prove(code)
}

// takeNumbers makes the key. The answer itself shows the temporary PIN, so that it is in no address and no row; sending the form again finds the step passed.
func (h *Handler) takeNumbers(d desk, form url.Values) error {
	c, pin, err := h.Enrol.Issue(d.ctx(), d.id(), d.me(), numbers(form))
	if err != nil {
		return err
	}
	return h.slip(d, c, pin)
}

func numbers(form url.Values) enrol.Numbers {
	return enrol.Numbers{NIF: form.Get("nif"), NISS: form.Get("niss"), NSNS: form.Get("nsns")}
}

func (h *Handler) takeMend(d desk, _ url.Values) error {
	if _, err := h.Enrol.Mend(d.ctx(), d.id(), d.me()); err != nil {
		return err
	}
	return again(d)
}

func (h *Handler) takeReissue(d desk, _ url.Values) error {
	c, pin, err := h.Enrol.Reissue(d.ctx(), d.id(), d.me())
	if err != nil {
		return err
	}
	return h.slip(d, c, pin)
}

func (h *Handler) slip(d desk, c enrol.Case, pin credential.PIN) error {
	v := TemporaryPIN{Case: h.around(d, c, "", nil), PIN: pin, Until: c.PINUntil, SignIn: h.SignIn, Next: casePath(c.ID)}
	h.Site.Render(d.w, d.r, http.StatusOK, v)
	return nil
}
