package signin

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/message"
	"chave/internal/core/service"
	"chave/internal/page/ui"
)

// page fills the view of a step. form is what was just posted, if it must be shown again, and cause what was wrong with it.
func (h *Handler) page(w http.ResponseWriter, r *http.Request, t login.Transaction, step login.Step, status int, form url.Values, cause error) error {
	asked, err := h.Service(r.Context(), t.Service)
	if err != nil {
		return err
	}
	lang := string(h.Site.Lang(r))
	task := Task{
		Form: ui.Form{Action: "/signin/" + url.PathEscape(t.ID), Step: string(step), Problems: ui.Problems(cause)},
		Service: ui.Service{
			Name: asked.Name.In(lang), Category: asked.Category, Return: t.Return, Home: asked.URL,
		},
	}
	if cause == nil && t.Notice != nil {
		task.Problems = []ui.Problem{{Field: fieldOf(t.Notice.Code, step), Code: string(t.Notice.Code), Args: []any{"Until", t.Notice.Until}}}
	}
	task.At, task.Of = position(t, step)
	task.Small = t.Small
	view, err := h.view(r, t, step, task, asked, lang, form)
	if err != nil {
		return err
	}
	h.Site.Render(w, r, status, view)
	return nil
}

func (h *Handler) view(r *http.Request, t login.Transaction, step login.Step, task Task, asked service.Service, lang string, form url.Values) (ui.View, error) {
	switch step {
	case login.StepWho:
		v := Who{Task: task, Identifier: t.Typed, Country: t.Country, Purpose: asked.Purpose.In(lang), Retention: asked.Retention.In(lang)}
		if v.Identifier == "" {
			v.Identifier = t.Hint
		}
		if form != nil {
			v.Identifier, v.Country = form.Get("identifier"), form.Get("country")
		}
		for _, a := range t.Ask {
			v.Wanted = append(v.Wanted, Wanted{Name: string(a.Name), Optional: !a.Required})
		}
		return v, nil
	case login.StepPIN:
		task.Back = t.Typed != ""
		return PIN{Task: task, Identifier: t.Typed, Country: t.Country}, nil
	case login.StepCode:
		v := Code{Task: task, Channel: string(t.Channel), To: t.SentTo, Until: t.CodeUntil, Again: true, SentAnew: t.CodesSent > 1 && t.Notice == nil}
		if t.Channel == message.SMS && t.MinLevel <= service.LevelEmail {
			v.OtherWay, v.Lowers = "email", true
		}
		return v, nil
	case login.StepChoosePIN:
		return ChoosePIN{Task: task, First: t.Temporary, Min: h.Login.Policy.PINMin, Max: h.Login.Policy.PINMax}, nil
	case login.StepShare:
		return h.consent(r, t, task, asked, lang)
	case login.StepConfirm:
		return Confirm{Task: task}, nil
	case login.StepStop:
		return h.stop(t, task), nil
	case login.StepOver:
		return Stop{Task: task, Ending: Finished, Code: string(fault.LoginAlreadyFinished)}, nil
	}
	again := ""
	if t.Late {
		again = t.Resume
	}
	return Stop{Task: task, Ending: Expired, Code: string(fault.LoginExpired), Again: again}, nil
}

func (h *Handler) consent(r *http.Request, t login.Transaction, task Task, asked service.Service, lang string) (ui.View, error) {
	offer, err := h.Login.Offer(r.Context(), t)
	if err != nil {
		return nil, err
	}
	v := Consent{
		Task: task, Offline: t.Offline, Purpose: asked.Purpose.In(lang), Retention: asked.Retention.In(lang), Signing: t.Wire == "csc",
	}
	if t.Reused {
		if v.Person, err = h.Login.NameOf(r.Context(), t); err != nil {
			return nil, err
		}
	}
	for _, one := range offer {
		shown := attribute(one, h.Login.Sources)
		if ask, ok := asked.Allowed(one.Ask.Name); ok {
			shown.Reason = ask.Reason.In(lang)
		}
		v.Attributes = append(v.Attributes, shown)
	}
	return v, nil
}

// attribute picks the form in which a value is shown: dates, countries and documents are written in the reader's language. What another body holds is not known
// yet: that body learns of the person only once they agree.
func attribute(one login.Sharing, sources *consent.Sources) Attribute {
	a := Attribute{Name: string(one.Ask.Name), Optional: !one.Ask.Required, Ticked: true, Missing: !one.Held, Never: one.Never}
	if one.Source != consent.Held && !one.Never {
		a.Source, a.Missing = string(one.Source), !sources.Has(one.Source)
		return a
	}
	if !one.Held {
		return a
	}
	switch one.Ask.Name {
	case consent.BirthDate, consent.DocumentExpires, consent.KeyExpires:
		if day, err := citizen.ParseDate(one.Value.Text); err == nil {
			a.Day = time.Date(day.Year, day.Month, day.Day, 12, 0, 0, 0, time.UTC) // noon: the same day in every zone of the country
			return a
		}
	case consent.Nationality:
		a.Country = one.Value.Text
		return a
	case consent.Document:
		p := one.Value.Parts
		a.Document = &ui.Document{Type: p["type"], Country: p["country"], Number: p["number"]}
		return a
	}
	a.Text = one.Value.Text
	return a
}

// stop turns a stored reason into its page. The way back to the service delivers the refusal; a wait can also be sat out.
func (h *Handler) stop(t login.Transaction, task Task) Stop {
	v := Stop{Task: task, Code: string(t.Stop.Code), Until: t.Stop.Until, Cancel: true}
	switch t.Stop.Code {
	case fault.WaitUntil:
		v.Ending, v.Again = Waiting, task.Action
	case fault.TriesUsedUp:
		v.Ending, v.Counter = TriesUsedUp, true
	case fault.KeyBlocked:
		v.Ending, v.Counter = Blocked, true
	case fault.DocumentExpired:
		v.Ending, v.Counter = DocumentExpired, true
	case fault.KeyEnded:
		v.Ending, v.Counter = Ended, true
	case fault.TemporaryPINExpired:
		v.Ending, v.Counter = NoPIN, true
	case fault.NoChannel:
		v.Ending, v.Counter = NoChannel, true
	case fault.Accompanied:
		v.Ending, v.Counter = NotEligible, true
	case fault.LevelTooLow:
		v.Ending = LevelTooLow
	case fault.TooManyCodes:
		v.Ending = TooManyCodes
	default:
		v.Ending = Unavailable
	}
	return v
}

// fail shows an error that has no living step to go back to.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	endings := map[fault.Code]Ending{
		fault.LoginUnknown: Unknown, fault.LoginExpired: Expired, fault.LoginOtherBrowser: WrongBrowser,
		fault.LoginAlreadyFinished: Finished, fault.ServiceUnknown: UnknownService, fault.StoreUnavailable: Unavailable,
	}
	f := fault.Of(err)
	ending, known := endings[f.Code]
	if !known {
		h.Site.Fail(w, r, err)
		return
	}
	h.Site.Render(w, r, ui.Status(f.Kind()), Stop{Task: Task{}, Ending: ending, Code: string(f.Code), Again: "/"})
}

// position is "step 2 of 4". A reused session has one step, which needs no number.
func position(t login.Transaction, step login.Step) (at, of int) {
	order := []login.Step{login.StepWho, login.StepPIN, login.StepCode}
	if t.Temporary || t.Purpose == login.ChangePIN || t.PINChosen {
		order = append(order, login.StepChoosePIN)
	}
	if t.Wire != login.FirstParty {
		order = append(order, login.StepShare)
	}
	if t.Purpose == login.CancelKey {
		order = append(order, login.StepConfirm)
	}
	if i := slices.Index(order, step); i >= 0 && !t.Reused {
		return i + 1, len(order)
	}
	return 0, 0
}

// fieldOf puts a stored notice beside the field it concerns.
func fieldOf(code fault.Code, step login.Step) string {
	switch {
	case code == fault.PINWrong && step == login.StepPIN:
		return "pin"
	case code == fault.CodeExpired && step == login.StepCode:
		return "code"
	}
	return ""
}
