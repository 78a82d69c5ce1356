package stories

import (
	"net/http"

	"chave/internal/page/portal"
)

func catalogue() []portal.Service {
	return []portal.Service{
		{Name: "Portal dos Impostos", Description: "Entregar a declaração, ver o que deve e o que lhe devem.", Category: "tax", URL: "http://localhost:8101/",
			Asks: []portal.Ask{{Name: "full_name"}, {Name: "nif"}}},
		{Name: "Segurança Social", Description: "Descontos, abonos, baixas e reformas.", Category: "social_security", URL: "http://localhost:8102/",
			Asks: []portal.Ask{{Name: "full_name"}, {Name: "niss"}, {Name: "email", Optional: true}}},
		{Name: "Serviço de Saúde", Description: "Receitas, vacinas e consultas no centro de saúde.", Category: "health", URL: "http://localhost:8103/",
			Asks: []portal.Ask{{Name: "nic"}, {Name: "nsns"}}, Forgets: []string{"passport", "residence_permit", "residence_card"}},
		{Name: "Hospital da Praia", Description: "Marcações e exames num hospital privado.", Category: "hospital", URL: "http://localhost:8104/", ByEmail: true},
		{Name: "Banco do Largo", Description: "Abrir conta sem sair de casa.", Category: "bank", URL: "http://localhost:8105/",
			Asks: []portal.Ask{{Name: "full_name"}, {Name: "birth_date"}, {Name: "document"}, {Name: "nif"}}},
	}
}

func portalStories() []Story {
	return []Story{
		{"portal: home", "/story/portal/home", http.StatusOK, portal.Home{Services: catalogue(), MinAge: 16, Counter: "/counter", Sign: true}},
		{"portal: home of an empty installation", "/story/portal/home-empty", http.StatusOK, portal.Home{}},
		{"portal: services", "/story/portal/services", http.StatusOK, portal.Services{Services: catalogue()}},
		{"portal: no services", "/story/portal/services-none", http.StatusOK, portal.Services{}},
		{"portal: help", "/story/portal/help", http.StatusOK, portal.Help{MinAge: 16}},
	}
}
