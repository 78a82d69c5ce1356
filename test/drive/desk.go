package drive

import (
	"context"
	"net/url"
	"regexp"
)

// Newcomer is what somebody lays on the counter: a foreign passport and a phone.
type Newcomer struct {
	Number, Issuer, Expires      string // dates are YYYY-MM-DD, countries alpha-3
	GivenNames, Surnames         string
	BirthDate, Nationality, Zone string
	Phone, NIF                   string
	Attests                      []string // what the operator says they checked: the names of the page's ticks
	BeforeIssue                  func()   // called just before the last form is sent; may be nil
	StopAfter                    string   // leave the case half done after "document", "attest" or "send_phone"
}

// Desk is an operator's browser, signed in at the counter, and the place the newcomer's phone receives at.
type Desk struct {
	Browser *Browser
	Inbox   Inbox
	Home    *url.URL // address of /counter
}

// secretPIN is where the page shows the temporary PIN.
var secretPIN = regexp.MustCompile(`class="secret-pin[^"]*">([0-9]{4,8})<`)

// Register goes through a whole case and returns the temporary PIN. It is empty for a case that was left half done.
func (d Desk) Register(ctx context.Context, n Newcomer) (pin string, err error) {
	open, err := d.Home.Parse("/counter/cases")
	if err != nil {
		return "", err
	}
	page, err := d.answer(ctx, open, url.Values{})
	if err != nil {
		return "", err
	}
	at := page.URL
	attest := url.Values{"step": {"attest"}}
	for _, item := range n.Attests {
		attest.Set(item, "yes")
	}
	for _, one := range []struct {
		name string
		form url.Values
	}{
		{"document", url.Values{
			"step": {"document"}, "type": {"passport"}, "issuer": {n.Issuer}, "number": {n.Number}, "expires": {n.Expires}, "given_names": {n.GivenNames},
			"surnames": {n.Surnames}, "birth_date": {n.BirthDate}, "nationality": {n.Nationality}, "zone": {n.Zone},
		}},
		{"attest", attest},
		{"send_phone", url.Values{"step": {"contacts"}, "do": {"send_phone"}, "phone": {n.Phone}, "speaks": {"en"}}},
	} {
		if page, err = d.answer(ctx, at, one.form); err != nil || one.name == n.StopAfter {
			return "", err
		}
	}
	code, err := d.Inbox.Code(ctx, n.Phone)
	if err != nil {
		return "", err
	}
	for _, form := range []url.Values{
		{"step": {"contacts"}, "do": {"prove_phone"}, "phone_code": {code}},
		{"step": {"contacts"}, "do": {"done"}},
		{"step": {"numbers"}, "nif": {n.NIF}},
	} {
		if form.Has("nif") && n.BeforeIssue != nil {
			n.BeforeIssue()
		}
		if page, err = d.answer(ctx, at, form); err != nil {
			return "", err
		}
	}
	shown := secretPIN.FindSubmatch(page.Body)
	if shown == nil {
		return "", &Stuck{Step: "numbers", Status: page.Status, Path: page.URL.Path, Code: codeOf(page.Body), Page: page.Body}
	}
	return string(shown[1]), nil
}

// answer posts a form of the counter and follows to the page after it.
func (d Desk) answer(ctx context.Context, at *url.URL, form url.Values) (Page, error) {
	page, err := d.Browser.Post(ctx, at, form)
	if err == nil {
		page, err = d.Browser.Follow(ctx, page, nil)
	}
	if err == nil && page.Status != 200 {
		err = &Stuck{Step: "counter " + form.Get("step"), Status: page.Status, Path: page.URL.Path, Code: codeOf(page.Body), Page: page.Body}
	}
	return page, err
}
