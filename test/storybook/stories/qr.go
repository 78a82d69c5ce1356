package stories

import (
	"net/http"
	"time"

	"chave/internal/core/fault"
	"chave/internal/page/qr"
	"chave/internal/page/ui"
)

func qrStories() []Story {
	give := ui.Form{Action: "/qr"}
	service := ui.Service{Name: "Serviço de Saúde", Category: "health"}
	asked := qr.Asked{
		Form: ui.Form{Action: "/qr/0f6f5c1e-4b59-4d0e-8a35-5a7e2b1c9d10"}, Service: service, Says: "Balcão 3, marcação de consulta", Begins: "0f6f5c1e",
		Until: Now().Add(5 * time.Minute), Wanted: []qr.Wanted{{Name: "nic"}, {Name: "full_name"}, {Name: "email", Optional: true}}, Purpose: "Marcar e rever consultas.",
	}
	plain := asked
	plain.Says, plain.Purpose, plain.Wanted = "", "", nil
	wrong, unread := give, give
	wrong.Problems = ui.Problems(fault.New(fault.QRUnknown).On("number"))
	unread.Problems = ui.Problems(fault.New(fault.QRUnknown).On("photo"))
	all := []Story{
		{"QR: give the number", "/story/qr/give", http.StatusOK, qr.Give{Form: give}},
		{"QR: give the number, unknown", "/story/qr/give-unknown", http.StatusNotFound, qr.Give{Form: wrong, Number: "0f6f5c1e"}},
		{"QR: give the number, photograph not read", "/story/qr/give-unread", http.StatusNotFound, qr.Give{Form: unread}},
		{"QR: who asks for what", "/story/qr/asked", http.StatusOK, asked},
		{"QR: who asks, in few words", "/story/qr/asked-plain", http.StatusOK, plain},
		{"QR: over", "/story/qr/over", http.StatusConflict, ui.ErrorPage{Problem: ui.Problem{Code: string(fault.QROver)}, Again: "/qr"}},
	}
	for _, ending := range qr.Endings() {
		all = append(all, Story{"QR: " + string(ending), "/story/qr/done-" + string(ending), http.StatusOK, qr.Done{Service: service, Ending: ending}})
	}
	return all
}
