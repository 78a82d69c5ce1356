package attributes

import (
	"time"

	"chave/demo/people"
)

// told is what a source says of one person: a line to read, and the parts under the last part of each name (cmd-authentication.md §1.9).
type told struct {
	text  string
	parts map[string]string
}

// record is how a source finds a person and what it holds of them.
type record struct {
	attribute string
	knownBy   string // which identifier
	number    func(people.Person) string
	tell      func(people.Person, question, time.Time) (told, bool)
	notTo     []string // services that it tells nothing
}

func records() map[string]record {
	nic := func(p people.Person) string { return p.NIC }
	return map[string]record{
		Address:        {attribute: "address", knownBy: "nic", number: nic, tell: addressOf},
		Card:           {attribute: "card_details", knownBy: "nic", number: nic, tell: cardOf},
		SocialSecurity: {attribute: "employment", knownBy: "niss", number: func(p people.Person) string { return p.NISS }, tell: employmentOf},
		Health:         {attribute: "health_scheme", knownBy: "nif", number: func(p people.Person) string { return p.NIF }, tell: schemeOf, notTo: []string{"bank"}},
	}
}

// answer says of each name what the source knows. Whoever is not found gets the same answer as somebody of whom nothing is known.
func (s *Server) answer(source string, q question) reply {
	r := records()[source]
	out := reply{Number: q.Number, Results: []result{}}
	for _, name := range q.Attributes {
		one := result{Name: name, Result: "not_available"}
		if name == r.attribute {
			for _, service := range r.notTo {
				if service == q.Service {
					one.Result = "not_permitted"
				}
			}
			if p, found := s.find(r, q); found && one.Result != "not_permitted" {
				if it, known := r.tell(p, q, s.cfg.Now()); known {
					one.Result, one.Text, one.Parts = "available", it.text, it.parts
				}
			}
		}
		out.Results = append(out.Results, one)
	}
	return out
}

// find wants the number, and the birth date too where the asker sends one: a number alone is soon mistyped.
func (s *Server) find(r record, q question) (people.Person, bool) {
	number := q.Identifiers[r.knownBy]
	for _, p := range s.cfg.People() {
		if number != "" && r.number(p) == number && (q.BirthDate == "" || q.BirthDate == p.BirthDate.Format(time.DateOnly)) {
			return p, true
		}
	}
	return people.Person{}, false
}
