package counter_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"chave/internal/core/enrol"
)

func attest() []string {
	pairs := []string{"step", "attest"}
	for _, item := range enrol.Attestations() {
		pairs = append(pairs, item, "yes")
	}
	return pairs
}

func TestR2_06_to_R2_11_a_foreigner_leaves_the_counter_with_a_key_that_works(t *testing.T) {
	h := open(t)
	clerk := h.clerk()
	clerk.post("/counter/cases").shows(http.StatusOK, `name="type"`)
	path := clerk.at
	clerk.post("", "step", "type", "type", "passport").shows(http.StatusOK, `name="zone"`, `name="issuer"`)
	clerk.document(passport()).shows(http.StatusOK, "Oksana Mykolaivna Tkachenko", path)
	if clerk.at != path+"/answer" {
		t.Fatalf("after the document comes %s", clerk.at)
	}
	clerk.get(path).shows(http.StatusOK, "photo_matches", "holder_present")
	clerk.post("", attest()...).shows(http.StatusOK, `value="send_phone"`)
	clerk.post("", "step", "contacts", "do", "send_phone", "phone", "929 943 618", "speaks", "en").shows(http.StatusOK, `name="phone_code"`)
	clerk.post("", "step", "contacts", "do", "prove_phone", "phone_code", h.smsCode()).shows(http.StatusOK, `value="done"`)
	t.Run("R2.10 PAIN-11 the services that will not recognise the person are named before the key is made", func(t *testing.T) {
		clerk.post("", "step", "contacts", "do", "done").shows(http.StatusOK, `name="nif"`, "Finanças de Brincar", "Biblioteca Estreita")
	})
	clerk.post("", "step", "numbers", "nif", "399412840").shows(http.StatusOK, "https://chave.example/key")
	pin := clerk.slip()
	if clerk.head.Get("Cache-Control") != "no-store" || strings.Contains(clerk.at, pin) {
		t.Fatalf("the slip may be kept: %q at %s", clerk.head.Get("Cache-Control"), clerk.at)
	}
	t.Run("R2.09 a refresh does not show it again", func(t *testing.T) {
		clerk.post(path, "step", "numbers", "nif", "399412840").shows(http.StatusOK, `value="reissue"`).not(pin)
		clerk.get(path).shows(http.StatusOK, `value="reissue"`).not(pin)
	})
	t.Run("R2.09 a lost slip is made anew and the first is void", func(t *testing.T) {
		again := clerk.post(path, "step", "reissue").shows(http.StatusOK).slip()
		if again == pin {
			t.Fatal("the same PIN")
		}
		pin = again
	})
	t.Run("R2.11 the counter sees that the first sign-in is still to come, and looks again by itself", func(t *testing.T) {
		if clerk.get(path); clerk.head.Get("Refresh") == "" {
			t.Fatal("the page waits for a click")
		}
	})
	resident := h.browser()
	resident.get("/key").signIn("ZZ990417", "UKR", pin).shows(http.StatusOK, `name="new_pin"`)
	resident.post("", "step", "choose_pin", "new_pin", "730951", "new_pin_again", "730951").shows(http.StatusOK, "Oksana Mykolaivna Tkachenko", "••••••840")
	if resident.at != "/key" {
		t.Fatalf("the resident rests at %s", resident.at)
	}
	t.Run("R2.11 the journey ends", func(t *testing.T) {
		clerk.get(path).shows(http.StatusOK).not(`value="reissue"`)
		if clerk.head.Get("Refresh") != "" {
			t.Fatal("still waiting")
		}
		clerk.get("/counter").shows(http.StatusOK, "Oksana Mykolaivna Tkachenko")
	})
}

func TestOnly_operators_are_served(t *testing.T) {
	h := open(t)
	clerk := h.clerk()
	path := clerk.post("/counter/cases").at
	stranger := h.browser()
	if stranger.get("/counter"); !strings.HasPrefix(stranger.at, "/signin/") {
		t.Fatalf("a stranger rests at %s", stranger.at)
	}
	if stranger.post(path, "step", "mend"); !strings.HasPrefix(stranger.at, "/signin/") {
		t.Fatalf("a stranger's post rests at %s", stranger.at)
	}
	t.Run("a role that was taken away ends at once", func(t *testing.T) {
		h.takeRole()
		clerk.get(path).shows(http.StatusForbidden, "CH-1113")
		clerk.post(path, "step", "type", "type", "passport").shows(http.StatusForbidden, "CH-1113")
	})
}

func TestA_counter_sign_in_is_asked_again_after_an_hour(t *testing.T) {
	h := open(t)
	clerk := h.clerk()
	for range 3 { // work keeps the session from going idle
		h.now = h.now.Add(20 * time.Minute)
		clerk.get("/counter")
	}
	h.now = h.now.Add(time.Second)
	if clerk.get("/counter"); !strings.HasPrefix(clerk.at, "/signin/") {
		t.Fatalf("rests at %s", clerk.at)
	}
}

func TestR2_07_everything_wrong_with_a_document_is_shown_and_what_was_typed_is_kept(t *testing.T) {
	h := open(t)
	clerk := h.clerk()
	clerk.post("/counter/cases").post("", "step", "type", "type", "passport")
	clerk.document(passport(), "surnames", "Tkacenko", "birth_date", "31-02-1991", "nationality", "").
		shows(http.StatusUnprocessableEntity, "CH-1407", "CH-1404", "CH-1403", "Tkacenko", "31-02-1991", "ZZ990417<", `value="2030-01-31"`)
	t.Run("dates as people write them", func(t *testing.T) {
		clerk.document(passport(), "birth_date", "23/9/1991").shows(http.StatusOK)
	})
	t.Run("A20 the registry is silent: nothing is decided, nothing is lost", func(t *testing.T) {
		path := clerk.post("/counter/cases").at
		h.down = true
		clerk.document(passport()).shows(http.StatusServiceUnavailable, "CH-1408", "Tkachenko")
		clerk.get(path).shows(http.StatusOK, "Tkachenko", "ZZ990417")
		h.down = false
		clerk.document(passport()).shows(http.StatusOK)
		if clerk.at != path+"/answer" {
			t.Fatalf("rests at %s", clerk.at)
		}
	})
	t.Run("R1.16 another document", func(t *testing.T) {
		clerk.post("/counter/cases").post("", "step", "type", "type", "crue").shows(http.StatusForbidden, "CH-1424")
		clerk.post("", "step", "type").shows(http.StatusUnprocessableEntity, "CH-1403")
	})
	t.Run("a request no browser sends", func(t *testing.T) {
		clerk.post("", "step", "nothing").shows(http.StatusUnprocessableEntity, "CH-1002")
		clerk.post("", "step", "type", "type", "passport", "type", "crue").shows(http.StatusUnprocessableEntity, "CH-1002")
		clerk.get("/counter/cases/unknown").shows(http.StatusNotFound, "CH-1401")
	})
}

func TestR2_08_the_contacts_page(t *testing.T) {
	h := open(t)
	clerk := h.clerk()
	path := clerk.attested()
	clerk.post(path, attest()...)
	clerk.post("", "step", "contacts", "do", "send_phone", "phone", "12").shows(http.StatusUnprocessableEntity, "CH-1404", `value="12"`)
	clerk.post("", "step", "contacts", "do", "send_phone", "phone", clerkPhone).shows(http.StatusConflict, "CH-1417")
	clerk.post("", "step", "contacts", "do", "done").shows(http.StatusForbidden, "CH-1420")
	clerk.post("", "step", "contacts", "do", "send_phone", "phone", newPhone)
	code := h.smsCode()
	clerk.post("", "step", "contacts", "do", "prove_phone", "phone_code", "12x").shows(http.StatusUnprocessableEntity, "CH-1214")
	clerk.post("", "step", "contacts", "do", "prove_phone", "phone_code", other(code)).shows(http.StatusForbidden, "CH-1206").not(code)
	clerk.post("", "step", "contacts", "do", "prove_phone", "phone_code", code[:3]+" "+code[3:]).shows(http.StatusOK, `value="done"`)
	t.Run("back to the document forgets what came after it", func(t *testing.T) {
		clerk.post("", "step", "back").shows(http.StatusOK, `name="zone"`, "Tkachenko")
		clerk.post("", "step", "contacts", "do", "done").shows(http.StatusOK, `name="zone"`)
	})
}

func other(code string) string {
	if code[0] == '9' {
		return "0" + code[1:]
	}
	return string(code[0]+1) + code[1:]
}

func TestR3_24_a_person_who_has_a_key_can_have_it_put_right(t *testing.T) {
	h := open(t)
	clerk := h.clerk()
	first := h.register(clerk, newPhone)
	resident := h.browser()
	resident.get("/key").signIn(newPhone, "", first)
	resident.post("", "step", "choose_pin", "new_pin", "730951", "new_pin_again", "730951").shows(http.StatusOK, "Tkachenko")

	clerk.attested()
	clerk.shows(http.StatusOK, "CH-1416", `value="mend"`)
	path := clerk.at
	clerk.post("", "step", "mend").shows(http.StatusOK, "photo_matches")
	clerk.post("", attest()...).shows(http.StatusOK, "929943618")
	clerk.post("", "step", "contacts", "do", "send_phone", "phone", newPhone)
	clerk.post("", "step", "contacts", "do", "prove_phone", "phone_code", h.smsCode())
	clerk.post("", "step", "contacts", "do", "done")
	pin := clerk.post(path, "step", "numbers").shows(http.StatusOK).slip()
	t.Run("A11 what was open is closed", func(t *testing.T) {
		if resident.get("/key"); !strings.HasPrefix(resident.at, "/signin/") {
			t.Fatalf("rests at %s", resident.at)
		}
	})
	resident.signIn(newPhone, "", pin).shows(http.StatusOK, `name="new_pin"`)
	resident.post("", "step", "choose_pin", "new_pin", "730951", "new_pin_again", "730951").shows(http.StatusUnprocessableEntity, "CH-1307")
	resident.post("", "step", "choose_pin", "new_pin", "420851", "new_pin_again", "420851").shows(http.StatusOK, "Tkachenko")
}

func TestR1_03_a_refusal_is_a_page_with_its_reason(t *testing.T) {
	h := open(t)
	clerk := h.clerk()
	clerk.post("/counter/cases").post("", "step", "type", "type", "passport")
	path := clerk.at
	clerk.document(passport(), "birth_date", "2010-11-24", "zone", "").shows(http.StatusOK, "CH-1411", "16", path+"?form=1")
	clerk.get(path+"?form=1").shows(http.StatusOK, "2010-11-24")
	clerk.document(passport()).shows(http.StatusOK, "Tkachenko")
}

func TestPAIN_11_the_catalogue_says_whom_a_service_shuts_out(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.get("/services").shows(http.StatusOK, "Biblioteca Estreita", "passaporte")
	for path, status := range map[string]int{
		"/": 200, "/help": 200, "/robots.txt": 200, "/favicon.ico": 204, "/nothing/here": 404, "/errors/CH-1203": 200, "/errors/CH-9999": 404, "/key/done/else": 404,
	} {
		if b.get(path); b.code != status {
			t.Errorf("%s answers %d, want %d", path, b.code, status)
		}
	}
}

func TestR5_the_holders_own_pages(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.get("/key").signIn(clerkPhone, "", clerkPIN).shows(http.StatusOK, "Rui Made Up", "••••••207")
	for _, path := range []string{"/key/history", "/key/consents", "/key/sessions", "/key/pin", "/key/cancel"} {
		b.get(path).shows(http.StatusOK, "Rui Made Up")
	}
	t.Run("A11 another browser's session is seen and ended", func(t *testing.T) {
		elsewhere := h.browser()
		elsewhere.get("/key").signIn(clerkPhone, "", clerkPIN).shows(http.StatusOK, "Rui Made Up")
		b.get("/key/sessions").shows(http.StatusOK, "Outro navegador")
		b.post("/key/sessions", "session", otherSession(b.body)).shows(http.StatusOK).not("Outro navegador")
		if elsewhere.get("/key"); !strings.HasPrefix(elsewhere.at, "/signin/") {
			t.Fatalf("rests at %s", elsewhere.at)
		}
	})
	t.Run("R3.08 the PIN is changed after PIN and code, whatever session there is", func(t *testing.T) {
		b.post("/key/pin").shows(http.StatusOK, `name="pin"`)
		b.post("", "step", "pin", "pin", clerkPIN)
		b.post("", "step", "code", "code", h.smsCode()).shows(http.StatusOK, `name="new_pin"`)
		b.post("", "step", "choose_pin", "new_pin", "730951", "new_pin_again", "730951").shows(http.StatusOK)
		if b.at != "/key/done/pin_changed" {
			t.Fatalf("rests at %s", b.at)
		}
	})
	t.Run("sixteen minutes later the door asks again", func(t *testing.T) {
		h.now = h.now.Add(16 * time.Minute)
		if b.get("/key"); !strings.HasPrefix(b.at, "/signin/") {
			t.Fatalf("rests at %s", b.at)
		}
		b.signIn(clerkPhone, "", "730951").shows(http.StatusOK, "Rui Made Up")
	})
	t.Run("R5.09 cancelling asks once more, and ends everything", func(t *testing.T) {
		b.post("/key/cancel").post("", "step", "pin", "pin", "730951")
		b.post("", "step", "code", "code", h.smsCode()).shows(http.StatusOK, `value="deny"`)
		b.post("", "step", "confirm", "decision", "allow").shows(http.StatusOK)
		if b.at != "/key/done/key_cancelled" {
			t.Fatalf("rests at %s", b.at)
		}
		if b.get("/key"); !strings.HasPrefix(b.at, "/signin/") {
			t.Fatalf("rests at %s", b.at)
		}
	})
	t.Run("signing out", func(t *testing.T) {
		h := open(t)
		b := h.clerk()
		if b.post("/signout"); b.at != "/" {
			t.Fatalf("rests at %s", b.at)
		}
		if b.get("/counter"); !strings.HasPrefix(b.at, "/signin/") {
			t.Fatalf("rests at %s", b.at)
		}
	})
}
