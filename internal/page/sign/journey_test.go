package sign_test

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

var filePath = regexp.MustCompile(`/sign/[a-z2-7]{26}/files/[a-z2-7]{26}`)

// placed takes documents up to the signature PIN.
func (h *house) placed(files ...file) *browser {
	h.t.Helper()
	b := h.browser()
	b.get("/sign").signIn().shows(http.StatusOK, `name="documents"`)
	b.upload("/sign", "documents", files...).shows(http.StatusOK, `name="stamp"`)
	return b.post("", "step", "place", "stamp", "visible", "page", "", "corner", "bottom_right").shows(http.StatusOK, `name="sign_pin"`)
}

func TestR4_17_several_documents_are_signed_with_one_PIN_and_one_code(t *testing.T) {
	h := open(t).active()
	b := h.placed(file{"Contrato <b>.pdf", paper(3)}, file{`C:\docs\Ação de graças.pdf`, paper(1)})
	b.shows(http.StatusOK, "Contrato b.pdf", "Ação de graças.pdf", "Maria da Conceição").not("<b>.pdf")
	b.post("", "step", "pin", "sign_pin", signPIN).shows(http.StatusOK, `name="code"`, "Contrato b.pdf")
	code, message := h.code()
	if message["document"] != "Contrato b.pdf" || message["more"] != "1" {
		t.Errorf("R3.19 the message names %q and %q more", message["document"], message["more"])
	}
	b.post("", "step", "code", "code", code).shows(http.StatusOK, "Contrato b-assinado.pdf", "Ação de graças-assinado.pdf")
	links := filePath.FindAllString(b.body, -1)
	if len(links) != 2 {
		t.Fatalf("links: %v", links)
	}
	for i, link := range links {
		b.get(link)
		if got := b.head.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment; ") || strings.ContainsAny(got, "\r\n") {
			t.Errorf("Content-Disposition: %s", got)
		}
		if b.head.Get("X-Content-Type-Options") != "nosniff" || b.head.Get("Cache-Control") != "no-store" || b.head.Get("Content-Type") != "application/pdf" {
			t.Errorf("headers: %v", b.head)
		}
		if i == 1 && !strings.Contains(b.head.Get("Content-Disposition"), "UTF-8''A%C3%A7%C3%A3o%20de%20gra%C3%A7as-assinado.pdf") {
			t.Errorf("the name is lost: %s", b.head.Get("Content-Disposition"))
		}
		signed := b.raw
		t.Run("R4.15 anybody can check it, without an account", func(t *testing.T) {
			anybody := h.browser()
			anybody.upload("/check", "documents", file{"x.pdf", signed}).shows(http.StatusOK, "A assinatura é boa", "MARIA DA CONCEIÇÃO", "B-LT")
			broken := append([]byte(nil), signed...)
			broken[20] ^= 1
			anybody.upload("/check", "documents", file{"x.pdf", broken}).not("A assinatura é boa")
		})
	}
	t.Run("R5.04 the holder's history has it", func(t *testing.T) {
		b.get("/key/signature").shows(http.StatusOK, "Contrato b.pdf", "Ação de graças.pdf", "Teste – não qualificada")
	})
	t.Run("somebody else cannot have it", func(t *testing.T) {
		h.admit("Rui", "+351929943600", "994110970ZY1", "99411097")
		other := h.browser()
		other.get("/sign")
		other.post("", "step", "who", "identifier", "+351929943600")
		other.post("", "step", "pin", "pin", signInPIN)
		code, _ := h.code()
		other.post("", "step", "code", "code", code)
		other.get(links[0]).shows(http.StatusNotFound, "CH-1740")
	})
	t.Run("after an hour it is gone", func(t *testing.T) {
		h.advance(61 * time.Minute)
		b.get("/sign").signIn()
		b.get(links[0]).shows(http.StatusNotFound, "CH-1740")
	})
}

func TestR4_04_refresh_back_and_second_tabs_are_safe(t *testing.T) {
	h := open(t).active()
	b := h.placed(file{"a.pdf", paper(2)})
	path := b.at
	b.post("", "back", "1").shows(http.StatusOK, `name="stamp"`)
	b.post("", "step", "pin", "sign_pin", signPIN).shows(http.StatusOK, `name="stamp"`) // a late answer to another step changes nothing
	b.post("", "step", "place", "stamp", "none").shows(http.StatusOK, `name="sign_pin"`, "Não se vê")
	b.post("", "step", "pin", "sign_pin", "1234").shows(http.StatusForbidden, "CH-1704", `name="sign_pin"`)
	b.post("", "step", "pin", "sign_pin", "12").shows(http.StatusUnprocessableEntity, `name="sign_pin"`)
	b.post("", "step", "pin", "sign_pin", signPIN).shows(http.StatusOK, `name="code"`)
	first, _ := h.code()
	b.get(path).shows(http.StatusOK, `name="code"`)
	b.post("", "step", "pin", "sign_pin", signPIN).shows(http.StatusOK, `name="code"`) // pressed twice: no second operation, no second message
	b.post("", "step", "code", "code", "000000").shows(http.StatusForbidden, "CH-1206", `name="code"`)
	h.advance(31 * time.Second)
	b.post("", "again", "1").shows(http.StatusOK, "Enviámos um código novo")
	second, _ := h.code()
	if first == second {
		t.Skip("the same code was drawn twice")
	}
	b.post("", "step", "code", "code", second).shows(http.StatusOK, "a-assinado.pdf")
	b.post("", "step", "code", "code", second).shows(http.StatusOK, "a-assinado.pdf")
	b.get(path).shows(http.StatusOK, "a-assinado.pdf")
	if got := h.signed(); got != 1 {
		t.Errorf("%d signatures in the history", got)
	}
}

// signed is how often the history says that this person signed; folders how many are kept for them.
func (h *house) signed() int {
	h.t.Helper()
	all, err := h.signing.History(h.t.Context(), h.who, 100)
	if err != nil {
		h.t.Fatal(err)
	}
	return len(all)
}

func (h *house) folders() int {
	h.t.Helper()
	all, err := h.drafts.Folders(h.t.Context(), h.who)
	if err != nil {
		h.t.Fatal(err)
	}
	return len(all)
}

func TestR4_16_three_wrong_codes_end_it_and_the_documents_are_still_there(t *testing.T) {
	h := open(t).active()
	b := h.placed(file{"a.pdf", paper(1)}).post("", "step", "pin", "sign_pin", signPIN)
	right, _ := h.code()
	wrong := "000000"
	if right == wrong {
		wrong = "111111"
	}
	b.post("", "step", "code", "code", wrong).shows(http.StatusForbidden)
	b.post("", "step", "code", "code", wrong).shows(http.StatusForbidden)
	b.post("", "step", "code", "code", wrong)
	b.get(b.at).shows(http.StatusOK, "Nada foi assinado", `value="retry"`, "CH-1710")
	b.post("", "step", "code", "code", right).shows(http.StatusOK, "Nada foi assinado")
	b.post("", "step", "retry").shows(http.StatusOK, `name="sign_pin"`)
	b.post("", "step", "pin", "sign_pin", signPIN).shows(http.StatusOK, `name="code"`)
	code, _ := h.code()
	b.post("", "step", "code", "code", code).shows(http.StatusOK, "a-assinado.pdf")
	t.Run("erased on request", func(t *testing.T) {
		b.post("", "remove", "1").shows(http.StatusOK, `name="documents"`).not("a.pdf")
		if n := h.folders(); n != 0 {
			t.Errorf("%d folders are left", n)
		}
	})
}

func TestBad_documents_are_named_and_good_ones_kept(t *testing.T) {
	h := open(t).active()
	b := h.browser()
	b.get("/sign").signIn()
	b.upload("/sign", "documents", file{"carta.docx", []byte("PK\x03\x04")}).shows(http.StatusUnprocessableEntity, "CH-1731", `name="documents"`)
	b.upload("/sign", "documents", file{"cut.pdf", paper(2)[:150]}).shows(http.StatusUnprocessableEntity, `name="documents"`)
	b.upload("/sign", "documents").shows(http.StatusUnprocessableEntity, "CH-1713")
	b.post("/sign", "documents", "x").shows(http.StatusUnprocessableEntity, "CH-1002")
	b.upload("/sign", "documents", file{"good.pdf", paper(2)}, file{"foto.jpg", []byte("\xff\xd8")}).shows(http.StatusOK, "good.pdf", "foto.jpg", "CH-1731", `name="stamp"`)
	t.Run("a place that is not there", func(t *testing.T) {
		b.post("", "step", "place", "stamp", "visible", "page", "3", "corner", "top_left").shows(http.StatusUnprocessableEntity, "CH-1738", `value="3"`)
		b.post("", "step", "place", "stamp", "visible", "page", "-1", "corner", "top_left").shows(http.StatusUnprocessableEntity, "CH-1738")
		b.post("", "step", "place", "stamp", "visible", "page", "1", "corner", "own", "place_x", "NaN", "place_y", "0").shows(http.StatusUnprocessableEntity, "CH-1738")
		b.post("", "step", "place", "stamp", "visible", "page", "1", "corner", "own", "place_x", "0.9", "place_y", "0.99").shows(http.StatusOK, `name="sign_pin"`)
	})
	if h.folders() != 1 {
		t.Errorf("%d folders are left", h.folders())
	}
}

func TestA_timestamp_authority_that_is_silent_costs_the_level_and_not_the_signature(t *testing.T) {
	h := open(t).active()
	b := h.placed(file{"a.pdf", paper(1)}).post("", "step", "pin", "sign_pin", signPIN)
	h.stamps = func() error { return errors.New("silent") }
	code, _ := h.code()
	b.post("", "step", "code", "code", code).shows(http.StatusOK, "a-assinado.pdf", "Não foi possível certificar agora a hora")
	if len(h.logged) == 0 || !strings.Contains(strings.Join(h.logged, ""), "silent") {
		t.Errorf("the log says %v", h.logged)
	}
}

func TestSigned_but_not_put_together_is_finished_later_without_a_new_code(t *testing.T) {
	h := open(t).active()
	b := h.placed(file{"a.pdf", paper(1)}).post("", "step", "pin", "sign_pin", signPIN)
	code, _ := h.code()
	papers := h.pages.Papers
	h.pages.Papers = failing{papers}
	b.post("", "step", "code", "code", code).shows(http.StatusOK, `value="finish"`)
	h.pages.Papers = papers
	b.post("", "step", "finish").shows(http.StatusOK, "a-assinado.pdf")
	if h.signed() != 1 {
		t.Error("signed twice")
	}
}

func TestSigning_is_for_people_whose_signing_is_on(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.get("/sign").signIn().shows(http.StatusOK, "/key/signature").not(`name="documents"`)
	b.upload("/sign", "documents", file{"a.pdf", paper(1)}).shows(http.StatusOK, "/key/signature")
	if h.folders() != 0 {
		t.Error("a document was kept")
	}
}

func TestR4_01_R4_10_the_holder_switches_signing_on_and_looks_after_it(t *testing.T) {
	h := open(t)
	b := h.browser()
	b.get("/key/signature").signIn()
	b.get("/key/signature").shows(http.StatusOK, "Desligada", "/key/signature/on")
	b.get("/key/signature/on").shows(http.StatusOK, `name="new_sign_pin"`, `name="sign_terms"`)
	b.post("", "new_sign_pin", signPIN, "new_sign_pin_again", signPIN).shows(http.StatusUnprocessableEntity, "CH-1706")
	b.post("", "new_sign_pin", "123456", "new_sign_pin_again", "123456", "sign_terms", terms).shows(http.StatusUnprocessableEntity, `aria-invalid="true"`)
	b.post("", "new_sign_pin", signInPIN, "new_sign_pin_again", signInPIN, "sign_terms", terms).shows(http.StatusUnprocessableEntity, "CH-1705", `id="new_sign_pin-problem"`)
	b.post("", "new_sign_pin", signPIN, "new_sign_pin_again", "274952", "sign_terms", terms).shows(http.StatusUnprocessableEntity, `id="new_sign_pin_again-problem"`)
	b.post("", "new_sign_pin", signPIN, "new_sign_pin_again", signPIN, "sign_terms", terms).shows(http.StatusOK, "A assinatura está ativa", "Maria da Conceição", "Teste – não qualificado")
	t.Run("A11 acts on it ask for a fresh sign-in", func(t *testing.T) {
		h.advance(6 * time.Minute)
		if b.get("/key/signature/pin"); !strings.HasPrefix(b.at, "/signin/") {
			t.Fatalf("rests at %s", b.at)
		}
		b.signIn().shows(http.StatusOK, `name="sign_pin"`)
		b.post("", "sign_pin", "9999", "new_sign_pin", "593018", "new_sign_pin_again", "593018").shows(http.StatusForbidden, "CH-1704")
		b.post("", "sign_pin", signPIN, "new_sign_pin", "593018", "new_sign_pin_again", "593018").shows(http.StatusOK, "O novo PIN de assinatura já vale")
	})
	t.Run("it was not me: suspended at once, taken up again after a sign-in", func(t *testing.T) {
		h.advance(6 * time.Minute)
		b.post("/key/signature/notme").shows(http.StatusOK, "Suspensa", "/key/signature/resume")
		b.get("/sign").shows(http.StatusOK, "suspensa").not(`name="documents"`)
		if b.get("/key/signature/resume"); !strings.HasPrefix(b.at, "/signin/") {
			t.Fatalf("rests at %s", b.at)
		}
		b.signIn().shows(http.StatusOK, "retomar")
		b.post("").shows(http.StatusOK, "volta a funcionar")
	})
	t.Run("a forgotten PIN: a new key", func(t *testing.T) {
		b.get("/key/signature/new").shows(http.StatusOK, `name="new_sign_pin"`)
		b.post("", "new_sign_pin", "384061", "new_sign_pin_again", "384061", "sign_terms", terms).shows(http.StatusOK, "novo certificado")
	})
	t.Run("R4.12 off for good", func(t *testing.T) {
		b.get("/key/signature/off").shows(http.StatusOK, "Desligar de vez")
		b.post("").shows(http.StatusOK, "Desligada", "revogado")
		b.post("/key/signature/off").shows(http.StatusOK, "Desligada")
	})
}
