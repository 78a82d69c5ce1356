package drive

import (
	"net/url"
	"slices"
	"testing"
)

const pageOfTwo = `<!doctype html><form method="get"><input name="q"></form>
<form method="post" action="/signin/abc?x=1&amp;y=2" novalidate><input type="hidden" name="step" value="who">
<label for="identifier">Who</label><input type="text" id="identifier" name="identifier" data-name="no" value="a &gt; b" title="x > y">
<select id="country" name="country"><option value="">—</option>
<option value="PRT">Portugal</option><option value="UKR" selected>Ucrânia</option></select>
<input type="checkbox" name="share" value="nif" checked><input type="checkbox" name="share" value="niss">
<textarea name="zone">P&lt;UTO</textarea>
<button>Go</button><button type="button" name="show">Show</button><button name="decision" value="deny">No</button></form>
<form method="post" class="aside"><input type="hidden" name="cancel" value="1"><button class="link">Back</button></form>`

func TestForms_are_read_as_a_browser_would_send_them(t *testing.T) {
	at, _ := url.Parse("http://localhost:8080/signin/abc")
	all, err := Forms(Page{URL: at, Body: []byte(pageOfTwo)})
	if err != nil || len(all) != 2 {
		t.Fatalf("%d forms, %v", len(all), err)
	}
	f := all[0]
	if f.Action.String() != "http://localhost:8080/signin/abc?x=1&y=2" {
		t.Errorf("action %s", f.Action)
	}
	if want := []string{"identifier", "country", "share", "share", "zone"}; !slices.Equal(f.Fields, want) {
		t.Errorf("fields %v", f.Fields)
	}
	v := f.With(map[string]string{"identifier": "912345678", "pin": "no such field"}, f.Buttons[1])
	want := url.Values{
		"step": {"who"}, "identifier": {"912345678"}, "country": {"UKR"}, "share": {"nif"}, "zone": {"P<UTO"}, "decision": {"deny"},
	}
	if v.Encode() != want.Encode() {
		t.Errorf("got  %s\nwant %s", v.Encode(), want.Encode())
	}
	if f.Values.Get("identifier") != "a > b" {
		t.Error("With changed the form")
	}
	if all[1].Action != at || !all[1].Values.Has("cancel") || len(all[1].Buttons) != 1 {
		t.Errorf("second form %+v", all[1])
	}
}

func FuzzForms(f *testing.F) {
	f.Add([]byte(pageOfTwo))
	f.Add([]byte(`<form method="post"><input type="hidden`))
	at, _ := url.Parse("http://localhost/")
	f.Fuzz(func(_ *testing.T, body []byte) {
		_, _ = Forms(Page{URL: at, Body: body})
	})
}
