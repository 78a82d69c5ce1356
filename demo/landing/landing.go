package landing

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode"

	"chave/demo/page"
	"chave/demo/people"
	"chave/demo/services"

	"github.com/nyaruka/phonenumbers"
)

// Config says what there is to show.
type Config struct {
	// Portal is the portal's address, such as "http://localhost:8080/". The counter is below it.
	Portal string
	// Issuer is the OpenID Connect issuer, for the developers' corner.
	Issuer string
	// Services are the registered relying parties, in the order of their ports.
	Services []services.Registration
	// People lists the made-up residents by the demonstration's day.
	People func() ([]people.Person, error)
	// Certificates are those that sign SAML responses at present, for the page for integrators; left out there when nil.
	Certificates func(ctx context.Context) (Certificates, error)
	// Sources lists the stand-in attribute providers and how each behaves, in order; no section when nil.
	Sources func(ctx context.Context) ([]Source, error)
	// Now is the demonstration's clock.
	Now func() time.Time
	// Log gets failures; discarded when nil.
	Log *slog.Logger
}

// Certificates are those of the two SAML profiles, PEM; empty while there is none.
type Certificates struct {
	FA       string // Portugal's profile
	Standard string
}

// Source is one stand-in attribute provider; its behaviour is "ok", "slow", "silent" or "failing".
type Source struct{ Name, Behaviour string }

// Page is the landing page and the one for integrators. It is an http.Handler for /country, /integrate and everything below.
type Page struct {
	cfg    Config
	texts  page.Texts
	pages  *template.Template
	assets *page.Assets
}

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed assets/*
var assetFiles embed.FS

//go:embed texts.yaml
var textFile []byte

// New checks the configuration and parses the page.
func New(cfg Config) (*Page, error) {
	if cfg.Portal == "" || cfg.People == nil || cfg.Now == nil {
		return nil, errors.New("landing: needs the portal's address, people and a clock")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Portal = strings.TrimSuffix(cfg.Portal, "/")
	p := &Page{cfg: cfg}
	var err error
	if p.texts, err = page.LoadTexts(textFile); err != nil {
		return nil, err
	}
	if p.assets, err = page.NewAssets(assetFiles, "assets", "/country/assets/"); err != nil {
		return nil, err
	}
	if p.pages, err = template.New("").Funcs(template.FuncMap{"asset": p.assets.URL, "args": args}).ParseFS(templateFiles, "templates/*.html"); err != nil {
		return nil, fmt.Errorf("parse landing page: %w", err)
	}
	return p, nil
}

// ServeHTTP answers GET /country and its assets, /integrate and its pages.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/country/assets/") {
		p.assets.ServeHTTP(w, r)
		return
	}
	page.Harden(w, page.Policy())
	show := p.show
	if r.URL.Path == "/integrate" || strings.HasPrefix(r.URL.Path, "/integrate/") {
		show = p.integrate
	}
	switch {
	case r.URL.Path != "/country" && !strings.HasPrefix(r.URL.Path, "/integrate"):
		http.Redirect(w, r, "/country", http.StatusSeeOther)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "This page can only be read.", http.StatusMethodNotAllowed)
	default:
		if err := show(w, r); err != nil {
			p.cfg.Log.ErrorContext(r.Context(), "landing page failed", "cause", err)
			http.Error(w, "The page could not be shown. Load it again.", http.StatusInternalServerError)
		}
	}
}

// view is what the page gets.
type view struct {
	texts page.Texts

	Lang, Other     string
	Portal, Issuer  string
	Places          []place
	Ready           []card // can sign in without further ado
	Register        []card // have no key; the counter may try
	Stopped         []card // had one
	First, Newcomer card
	Operator        card
	Now             string
	Done            string // "clock", "reset" or "sources" after a form was sent
	Sources         []Source
	Behaviours      []string
	hrefs           map[string]string
}

// T is the sentence for a key in the page's language.
func (v view) T(key string, args ...any) (string, error) { return v.texts.Say(v.Lang, key, args...) }

// Service is the address of a relying party by its category.
func (v view) Service(category string) string { return v.hrefs[category] }

// place is one building on the map.
type place struct {
	Kind string // category of a service, or "portal", "counter", "phone": picks picture and spot
	Name string
	Says string
	URL  string
}

// card is one person.
type card struct {
	ID, Name, Initials, Badge, Describes string
	Phone, Email                         string
	PIN, SignPIN                         string // the second signs; empty where signing was never switched on
	Suspended                            bool   // the holder said "it was not me"
	Birth                                string
	Documents                            []paper
	Operator                             bool
}

// paper is one document on a card.
type paper struct {
	Type, Country, Number, Expires, Zone string
	LoginName                            bool // its number with its country may be typed to sign in (R3.04)
}

// langCookie is shared with the phone, which lives on the same origin.
const langCookie = "demo_phone_lang"

// cardView hands a card its page and group, which a template cannot pass on otherwise.
type cardView struct {
	View  view
	Card  card
	Group string // "ready", "register" or "stopped"
}

func args(v view, c card, group string) cardView { return cardView{v, c, group} }

func (p *Page) show(w http.ResponseWriter, r *http.Request) error {
	list, err := p.cfg.People()
	if err != nil {
		return err
	}
	lang := page.Lang(w, r, langCookie)
	v := view{
		texts: p.texts, Lang: lang, Other: page.Other(lang), Portal: p.cfg.Portal, Issuer: strings.TrimSuffix(p.cfg.Issuer, "/"),
		Now: moment(p.cfg.Now(), lang), hrefs: make(map[string]string),
	}
	if done := r.URL.Query().Get("done"); done == "clock" || done == "reset" || done == "sources" {
		v.Done = done
	}
	if p.cfg.Sources != nil {
		v.Behaviours = []string{"ok", "slow", "silent", "failing"}
		if v.Sources, err = p.cfg.Sources(r.Context()); err != nil {
			return err
		}
	}
	for kind, url := range map[string]string{"portal": p.cfg.Portal + "/", "counter": p.cfg.Portal + "/counter", "phone": "/"} {
		v.hrefs[kind] = url
	}
	for _, kind := range []string{"portal", "counter", "phone"} {
		name, err := v.T("place." + kind)
		if err != nil {
			return err
		}
		says, err := v.T("place." + kind + ".says")
		if err != nil {
			return err
		}
		v.Places = append(v.Places, place{Kind: kind, Name: name, Says: says, URL: v.hrefs[kind]})
	}
	for _, s := range p.cfg.Services {
		v.hrefs[s.Category] = s.URL
		v.Places = append(v.Places, place{Kind: s.Category, Name: s.Name.In(lang), Says: s.Description.In(lang), URL: s.URL})
	}
	for _, person := range list {
		c, err := p.card(person, lang)
		if err != nil {
			return err
		}
		switch {
		case person.SignsIn():
			v.Ready = append(v.Ready, c)
		case person.Register:
			v.Register = append(v.Register, c)
		default:
			v.Stopped = append(v.Stopped, c)
		}
		switch {
		case v.First.ID == "" && person.SignsIn():
			v.First = c
		case v.Operator.ID == "" && person.Operator():
			v.Operator = c
		case v.Newcomer.ID == "" && person.Register && person.Documents[0].Type == people.Passport:
			v.Newcomer = c
		}
	}
	return page.Render(w, http.StatusOK, p.pages, "country.html", v)
}

func (p *Page) card(person people.Person, lang string) (card, error) {
	c := card{
		ID: person.ID, Name: person.FullName(), Initials: initials(person), Badge: person.Badge.In(lang), Describes: person.Describes.In(lang),
		Phone: spaced(person.Phone), Email: person.Email, PIN: person.PIN, SignPIN: person.SignPIN, Suspended: person.Suspended, Birth: day(person.BirthDate, lang), Operator: person.Operator(),
	}
	for _, d := range person.Documents {
		kind, err := p.texts.Say(lang, "document."+d.Type)
		if err != nil {
			return card{}, err
		}
		country, err := p.texts.Say(lang, "country."+d.Country)
		if err != nil {
			return card{}, err
		}
		doc := paper{Type: kind, Country: country + " (" + d.Country + ")", Number: d.Number, LoginName: person.NIC == ""}
		if doc.Expires = day(d.Expires, lang); d.Lifetime {
			if doc.Expires, err = p.texts.Say(lang, "document.lifetime"); err != nil {
				return card{}, err
			}
		}
		if person.Register {
			doc.Zone = person.MRZ(d)
		}
		c.Documents = append(c.Documents, doc)
	}
	return c, nil
}

// spaced writes a phone number as people read it aloud.
func spaced(phone string) string {
	n, err := phonenumbers.Parse(phone, "")
	if err != nil {
		return phone
	}
	return phonenumbers.Format(n, phonenumbers.INTERNATIONAL)
}

func initials(p people.Person) string {
	first, last := []rune(p.GivenNames)[0], []rune(p.Surnames)[0]
	return string([]rune{first, unicode.ToUpper(last)})
}

func day(t time.Time, lang string) string {
	if t.IsZero() {
		return ""
	}
	if lang == "pt" {
		return t.Format("02/01/2006")
	}
	return t.Format("2 Jan 2006")
}

// moment is the demonstration's time in Lisbon, where the machine knows it.
func moment(t time.Time, lang string) string {
	if lisbon, err := time.LoadLocation("Europe/Lisbon"); err == nil {
		t = t.In(lisbon)
	}
	if lang != "pt" {
		return t.Format("Monday 2 January 2006, 15:04")
	}
	weekdays := [...]string{"domingo", "segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado"}
	months := [...]string{"janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro", "novembro", "dezembro"}
	return weekdays[t.Weekday()] + ", " + t.Format("2") + " de " + months[t.Month()-1] + " de " + t.Format("2006, 15:04")
}
