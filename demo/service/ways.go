package service

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"chave/demo/people"
	"chave/demo/saml"
	"chave/demo/services"
)

// The ways to sign in. Every service knows OpenID Connect; the main button takes the older wire where the registration has one.
const (
	wayOIDC  = "oidc"
	wayFA    = "fa"    // Portugal's SAML profile
	waySAML  = "saml"  // the standard's
	wayOAuth = "oauth" // CMD's OAuth door
)

// enter is where the main button posts to.
var enter = map[string]string{wayOIDC: "/signin", wayFA: "/saml/signin", waySAML: "/saml/signin", wayOAuth: "/oauth/signin"}

// extra is what a way asks for beside the registration's attributes, always optional.
var extra = map[string][]services.Ask{
	wayFA: {
		{Name: "nic", Reason: people.Words{PT: "Identifica quem tem cartão português.", EN: "Identifies holders of a Portuguese card."}},
		{Name: "document", Reason: people.Words{PT: "Identifica quem tem passaporte ou título.", EN: "Identifies holders of a passport or permit."}},
		{Name: "employment", Reason: people.Words{PT: "Para não lhe pedirmos um papel que já cá está.", EN: "So that you need not bring a paper that is here already."}},
	},
	waySAML: {
		{Name: "address", Reason: people.Words{PT: "Para lhe enviar o cartão do banco.", EN: "To send you your bank card."}},
	},
	wayOAuth: {
		{Name: "nif", Reason: people.Words{PT: "Sem ele, a ADSE não responde.", EN: "Without it, the health scheme does not answer."}},
		{Name: "health_scheme", Reason: people.Words{PT: "Para saber quem paga a consulta.", EN: "To know who pays for the appointment."}},
	},
}

// openWays prepares what the registration allows and picks the main button's way.
func (s *Service) openWays() error {
	reg := s.cfg.Registration
	s.way = wayOIDC
	if reg.OAuth != nil {
		s.way, s.door = wayOAuth, newDoor(s.cfg)
	}
	if reg.SAML != nil {
		s.way = reg.SAML.Wire
		key, cert, err := reg.Pair.Read()
		if err != nil {
			return fmt.Errorf("key of the service: %w", err)
		}
		if s.party, err = saml.New(saml.Config{
			Profile: reg.SAML.Wire, EntityID: reg.SAML.Issuer, ACS: reg.SAML.ACS[0], Logout: reg.SAML.Logout, Key: key, Certificate: cert.Raw,
			Issuer: s.cfg.Issuer, HTTPClient: s.cfg.HTTPClient, Now: s.cfg.Now, Rand: s.cfg.Rand,
		}); err != nil {
			return err
		}
	}
	s.asks = slices.Concat(reg.Attributes, extra[s.way])
	return nil
}

// given is one attribute as a SAML answer or the attribute API tells it.
type given struct {
	name, value, state string
}

// pendingState is how the attribute API says that a source has not answered yet (cmd-authentication.md §2.3.2).
const pendingState = "Pending"

// gather sorts what came by what was asked for.
func (s *Service) gather(way string, all []given) learned {
	l := learned{Way: way, States: way != waySAML}
	byName := make(map[string]given, len(all))
	for _, g := range all {
		byName[g.name] = g
		l.Pending = l.Pending || g.state == pendingState
	}
	used := make(map[string]bool)
	for _, ask := range s.asks {
		f := fact{
			Attribute: ask.Name, Required: ask.Required, Reason: map[string]string{"pt": ask.Reason.PT, "en": ask.Reason.EN},
			Claim: strings.Join(services.PublicNames(ask.Name), " "),
		}
		var parts []string
		for _, uri := range services.PublicNames(ask.Name) {
			used[uri] = true
			g, came := byName[uri]
			if !came {
				continue
			}
			if f.State == "" || g.state == saml.Available || f.State != saml.Available && g.state == pendingState {
				f.State = g.state
			}
			if g.value != "" {
				parts = append(parts, plain(g.value))
			}
		}
		f.Value = strings.Join(parts, " · ")
		if !l.States {
			f.State = ""
		}
		if ask.Name == "full_name" {
			l.Name = f.Value
		}
		if f.Value == "" {
			l.Missing = append(l.Missing, f)
			l.Lacking = l.Lacking || f.Required && f.State != pendingState
			continue
		}
		l.Got = append(l.Got, f)
	}
	for _, g := range all {
		if !used[g.name] && g.value != "" {
			l.Unasked = append(l.Unasked, fact{Claim: g.name, Value: plain(g.value)})
		}
	}
	return l
}

// forMachines are elements of the XML values that tell people nothing: versions, result codes, instants (cmd-authentication.md §1.9.7, §1.9.8).
var forMachines = map[string]bool{
	"Versao": true, "Estado": true, "dataRetorno": true, "codigoResultado": true, "codSituacaoFuncional": true, "dataNascimento": true, "dataObito": true,
}

// plain writes a value for a person: of XML, what stands between the marks.
func plain(value string) string {
	if !strings.HasPrefix(value, "<") {
		return value
	}
	var parts []string
	inside := ""
	d := xml.NewDecoder(strings.NewReader(value))
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return strings.Join(parts, " · ")
		}
		if err != nil {
			return value
		}
		switch t := t.(type) {
		case xml.StartElement:
			inside = t.Name.Local
		case xml.EndElement:
			inside = ""
		case xml.CharData:
			if words := strings.TrimSpace(string(t)); words != "" && !forMachines[inside] {
				parts = append(parts, words)
			}
		}
	}
}
