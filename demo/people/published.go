package people

// Published is a person as the tester's door shows them: GET /people is an array of these.
// The names of its JSON members are a documented contract.
type Published struct {
	ID        string              `json:"id"`
	Name      string              `json:"name"`     // as the full-name attribute
	Phone     *string             `json:"phone"`    // E.164, null where there is none
	Email     *string             `json:"email"`    // null where there is none
	PIN       *string             `json:"pin"`      // chosen, never temporary; null where there is none
	SignPIN   *string             `json:"sign_pin"` // null where signing was never switched on
	Signing   bool                `json:"signing"`  // whether the person can sign now
	Documents []PublishedDocument `json:"documents"`
	Describes string              `json:"describes"` // one English line
}

// PublishedDocument is one document of a Published person.
type PublishedDocument struct {
	Type    string `json:"type"`
	Country string `json:"country"` // ISO 3166-1 alpha-3, the value the sign-in form takes
	Number  string `json:"number"`
}

// Publish turns the loaded people into the tester's form, in the same order.
func Publish(list []Person) []Published {
	out := make([]Published, 0, len(list))
	for _, p := range list {
		entry := Published{
			ID: p.ID, Name: p.FullName(), Phone: orNull(p.Phone), Email: orNull(p.Email), PIN: orNull(p.PIN),
			SignPIN: orNull(p.SignPIN), Signing: p.Signs(),
			Documents: make([]PublishedDocument, 0, len(p.Documents)), Describes: p.Describes.EN,
		}
		for _, d := range p.Documents {
			entry.Documents = append(entry.Documents, PublishedDocument{Type: d.Type, Country: d.Country, Number: d.Number})
		}
		out = append(out, entry)
	}
	return out
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
