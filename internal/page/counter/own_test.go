package counter_test

import (
	"net/http"
	"testing"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/outside/store"
)

func TestR0_05_R5_04_history_is_the_holders_alone_and_ends(t *testing.T) {
	h := open(t)
	me := h.person(clerkPhone)
	visit := func(id string, who citizen.ID, service string, ago time.Duration, outcome string) {
		h.do(func(tx *store.Tx) error {
			return tx.InsertVisit(consent.Visit{ID: id, Person: who, Service: service, At: h.now.Add(-ago), Level: 3, Means: []string{"pin", "sms"}, Outcome: outcome})
		})
	}
	clerk := h.clerk()
	h.register(clerk, newPhone)
	visit("v1", me, "tax", time.Hour, "signed_in")
	visit("v2", me, "gone", 48*time.Hour, "refused")
	visit("v3", me, "library", 91*24*time.Hour, "signed_in")
	visit("v4", h.person(newPhone), "library", time.Hour, "signed_in")
	b := h.browser()
	b.get("/key").signIn(clerkPhone, "", clerkPIN).shows(http.StatusOK, "Finanças de Brincar")
	b.get("/key/history").shows(http.StatusOK, "Finanças de Brincar", "gone", "<svg viewBox").not("Biblioteca Estreita")
}

func TestA16_a_consent_is_seen_and_withdrawn(t *testing.T) {
	h := open(t)
	me := h.person(clerkPhone)
	h.do(func(tx *store.Tx) error {
		return tx.InsertGiven(consent.Given{ID: "g1", Person: me, Service: "tax", Shared: []consent.Name{consent.NIF}, Refused: []consent.Name{consent.Email}, At: h.now})
	})
	b := h.browser()
	b.get("/key").signIn(clerkPhone, "", clerkPIN)
	b.get("/key/consents").shows(http.StatusOK, "Finanças de Brincar", `name="service"`)
	b.post("", "service", "tax").shows(http.StatusOK, "Finanças de Brincar").not(`name="service"`)
	b.post("", "service", "tax").shows(http.StatusOK) // twice changes nothing
	b.post("").shows(http.StatusUnprocessableEntity, "CH-1002")
	b.get("/key/consents?withdrew=%3Cscript%3E").shows(http.StatusOK).not("<script>")
}

func TestR1_25_R2_10_the_overview_tells_what_can_still_be_done(t *testing.T) {
	h := open(t)
	h.now = time.Date(2029, 12, 20, 12, 0, 0, 0, time.UTC) // the clerk's card ends on 1 January 2030
	b := h.browser()
	b.get("/key").signIn(clerkPhone, "", clerkPIN).shows(http.StatusOK, "31 de janeiro de 2030", "1 de janeiro de 2030", "Finanças de Brincar")
	h.now = time.Date(2030, 1, 10, 12, 0, 0, 0, time.UTC)
	b = h.browser()
	b.get("/key").signIn(clerkPhone, "", clerkPIN).shows(http.StatusOK, "notice danger")
}

func (h *house) person(phone string) citizen.ID {
	h.t.Helper()
	var found []citizen.ID
	h.do(func(tx *store.Tx) (err error) {
		found, err = tx.PeopleWith(citizen.Identifier{Kind: citizen.ByPhone, Value: phone})
		return err
	})
	if len(found) != 1 {
		h.t.Fatalf("%d people with the phone", len(found))
	}
	return found[0]
}
