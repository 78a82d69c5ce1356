package faoauth

import (
	"strings"
	"testing"

	"chave/internal/core/service"
)

func TestS2_1_tabs(t *testing.T) {
	for _, c := range []struct {
		name, query string
		level       service.Level
		want        string
	}{
		{"none", "", 3, ""},
		{"as the desktop program writes it", "hidden_tabs=cc", 3, "hidden CC"},
		{"commas", "hidden_tabs=cc,upp", 3, "hidden CC UPP"},
		{"semicolons", "hidden_tabs=cc;RSS", 3, "hidden CC RSS"},
		{"spaces", "hidden_tabs=cc%20rss+QrCode", 3, "hidden CC RSS QRCODE"},
		{"repeated, in any case", "hidden_tabs=Cc&HIDDEN_TABS=cC&hidden_tabs=rss", 3, "hidden CC RSS"},
		{"words that are no tab", "hidden_tabs=foo,cc,,", 3, "hidden CC"},
		{"first tab", "default_selected_tab=cmd", 3, "first CMD"},
		{"first tab and another hidden", "hidden_tabs=cc&default_selected_tab=CMD", 2, "hidden CC first CMD"},
		{"QR code inside CMD", "default_selected_tab=qrcode", 3, "first QRCODE"},
		{"first tab is hidden: both are ignored", "hidden_tabs=cmd&default_selected_tab=CMD", 3, ""},
		{"first tab lies in a hidden one", "hidden_tabs=cmd&default_selected_tab=QRCODE", 3, ""},
		{"everything hidden", "hidden_tabs=cc,cmd", 3, ""},
		{"everything hidden at level 1", "hidden_tabs=cc,cmd,upp", 1, ""},
		{"first tab not shown at the level", "default_selected_tab=UPP&hidden_tabs=cc", 3, ""},
		{"first tab shown at level 1", "default_selected_tab=UPP&hidden_tabs=cc", 1, "hidden CC first UPP"},
		{"two first tabs", "default_selected_tab=cc,cmd&hidden_tabs=rss", 3, ""},
		{"the same first tab twice", "default_selected_tab=cmd&default_selected_tab=CMD", 3, "first CMD"},
		{"no policy at level 4", "hidden_tabs=cmd", 4, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, _ := readQuery(c.query)
			got := readTabs(q, c.level)
			var words []string
			if len(got.hidden) > 0 {
				words = append(words, "hidden")
			}
			for _, one := range got.hidden {
				words = append(words, string(one))
			}
			if got.selected != "" {
				words = append(words, "first", string(got.selected))
			}
			if strings.Join(words, " ") != c.want {
				t.Errorf("got %q, want %q", strings.Join(words, " "), c.want)
			}
		})
	}
}

func TestS2_1_redirect_matching(t *testing.T) {
	p := &Provider{Issuer: "https://chave.example"}
	site := service.Service{Settings: service.Settings{OAuth: &service.OAuth{Domain: "sp.example", RedirectURIs: []string{"http://127.0.0.1:8103/back", "https://other.example/cb"}}}}
	program := service.Service{Settings: service.Settings{OAuth: &service.OAuth{Native: true}}}
	for _, c := range []struct {
		address       string
		site, program bool
	}{
		{"https://sp.example/cb", true, false},
		{"https://SP.example/cb?x=1", true, false},
		{"https://a.b.sp.example:8443/", true, false},
		{"https://sp.example", true, false},
		{"https://other.example/cb", true, false},
		{"https://other.example/cb2", false, false},
		{"https://chave.example/OAuth/Authorized", true, true},
		{"https://chave.example/oauth/authorized", true, true},
		{"https://chave.example/oauth/authorized/../../key", false, false},
		{"https://chave.example/key", false, false},
		{"http://127.0.0.1:8103/back", true, true},
		{"http://127.0.0.1:50123", false, true},
		{"http://localhost:1/x", false, true},
		{"http://[::1]:50123/", false, true},
		{"http://127.0.0.2:50123", false, false},
		{"http://127.0.0.1.evil.test/", false, false},
		{"http://localhost.evil.test/", false, false},
		{"https://127.0.0.1:50123/", false, false},
		{"http://sp.example/cb", false, false},
		{"https://evilsp.example/", false, false},
		{"https://sp.example.evil.test/", false, false},
		{"https://sp.example./", false, false},
		{"https://user@sp.example/", false, false},
		{"https://evil.test@sp.example/", false, false},
		{"https://sp.example@evil.test/", false, false},
		{"https://evil.test\\.sp.example/", false, false},
		{"https://evil.test/\\@sp.example/", false, false},
		{"https://evil.test%2f.sp.example/", false, false},
		{"https://sp.example/#", false, false},
		{"https://sp.example/#x", false, false},
		{"https://sp.example/ x", false, false},
		{"https://sp.example/\r\nSet-Cookie:x", false, false},
		{"//sp.example/", false, false},
		{"/cb", false, false},
		{"javascript:alert(1)//sp.example", false, false},
		{"data:text/html,sp.example", false, false},
		{"https:sp.example", false, false},
		{"", false, false},
	} {
		if got := p.mayGoTo(site, c.address); got != c.site {
			t.Errorf("the site's results may go to %q: %v", c.address, got)
		}
		if got := p.mayGoTo(program, c.address); got != c.program {
			t.Errorf("the program's results may go to %q: %v", c.address, got)
		}
	}
}

func TestS2_7_callbacks_go_to_no_foreign_address(t *testing.T) {
	p := &Provider{Issuer: "https://chave.example"}
	s := service.Service{Settings: service.Settings{OAuth: &service.OAuth{
		Domain: "sp.example", RedirectURIs: []string{"http://127.0.0.1:8103/back", "https://other.example:8443/cb"}, Callback: "https://sp.example:9443/qr",
	}}}
	for address, want := range map[string]bool{
		"https://sp.example:9443/qr": true, "https://sp.example/any": true, "https://a.sp.example/": true, "http://127.0.0.1:8103/qr": true, "https://other.example:8443/qr": true,
		"https://sp.example:9443/else": true, "https://sp.example:22/": false, "http://127.0.0.1:8104/qr": false, "http://127.0.0.1/": false, "http://169.254.169.254/latest": false, "http://sp.example/qr": false,
		"https://evil.test/": false, "https://10.0.0.1/": false, "https://sp.example@10.0.0.1/": false, "https://other.example/qr": false, "file:///etc/passwd": false, "http://localhost:8103/qr": false,
		"http://[::1]:8103/": false, "https://sp.example.evil.test/": false, "": false,
	} {
		if got := p.mayCallBack(s, address); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
}

func TestS2_3_3_commas_before_closing_brackets(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":["x","y",]}`:     `{"a":["x","y" ]}`,
		`{"a":1,}`:             `{"a":1 }`,
		`{"a":[1, ] , }`:       `{"a":[1  ]   }`,
		`{"a":"b,]","c":",}"}`: `{"a":"b,]","c":",}"}`,
		`{"a":"\",]"}`:         `{"a":"\",]"}`,
		`{"a":"\\",}`:          `{"a":"\\" }`,
		`[1,2]`:                `[1,2]`,
		`[,]`:                  `[ ]`,
		`{"a":"unfinished`:     `{"a":"unfinished`,
	} {
		got, ok := withoutTrailingCommas([]byte(in))
		if !ok || string(got) != want {
			t.Errorf("%s became %s, %v", in, got, ok)
		}
	}
	if _, ok := withoutTrailingCommas([]byte(strings.Repeat("[", 17))); ok {
		t.Error("deep nesting was taken")
	}
}
