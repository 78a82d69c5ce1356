package signin

import (
	"context"
	"testing"

	"chave/internal/core/consent"
	"chave/internal/core/login"
)

type silent struct{}

func (silent) Fetch(context.Context, consent.Query) (map[consent.Name]consent.Value, error) {
	return nil, nil
}

func TestR5_10_the_share_page_says_what_will_be_asked_of_another_body(t *testing.T) {
	plugged := &consent.Sources{Providers: map[consent.Source]consent.Provider{consent.AddressRegister: silent{}}}
	address := login.Sharing{Ask: consent.Ask{Name: consent.Address}, Source: consent.AddressRegister}
	never := address
	never.Never = true
	for _, c := range []struct {
		name    string
		one     login.Sharing
		sources *consent.Sources
		source  string
		missing bool
	}{
		{"a source that is plugged in", address, plugged, "address", false},
		{"one that is not", login.Sharing{Ask: consent.Ask{Name: consent.Powers}, Source: consent.PowersOfAttorney}, plugged, "powers", true},
		{"no sources at all", address, nil, "address", true},
		{"nobody with such a document has it", never, plugged, "", true},
		{"held", login.Sharing{Ask: consent.Ask{Name: consent.NIC}, Held: true, Value: consent.Value{Text: "99410137"}}, plugged, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := attribute(c.one, c.sources)
			if got.Source != c.source || got.Missing != c.missing || got.Never != c.one.Never {
				t.Errorf("%+v", got)
			}
		})
	}
}
