package login_test

import (
	"sync"
	"testing"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/enrol"
	"chave/internal/core/fault"
	"chave/internal/core/login"
	"chave/internal/core/message"
)

func TestR3_01_R3_02_R3_04_identifiers_that_name_the_same_person(t *testing.T) {
	r := newRig(t)
	r.admit(oksana())
	for _, one := range []struct{ name, identifier, country string }{
		{"R3.01 phone with prefix and space", "+351 929943618", ""},
		{"R3.01 phone without prefix", "929 943 618", ""},
		{"R3.01 phone with 00", "00351929943618", ""},
		{"R3.01 phone with dashes", "+351-929-943-618", ""},
		{"R3.02 e-mail in any letter case", "Oksana@Example.org", ""},
		{"R3.04 passport number with its country", "zz 990417", "UKR"},
	} {
		t.Run(one.name, func(t *testing.T) {
			b := r.browser()
			got := b.signIn("hospital", one.identifier, one.country)
			b.want(got, login.StepShare)
		})
	}
}

func TestR3_04_a_document_number_without_country_asks_which(t *testing.T) {
	r := newRig(t)
	r.admit(oksana())
	b := r.browser()
	started := b.begin("hospital")
	_, err := r.login.Identify(t.Context(), started.ID, b.cookie, "ZZ990417", "")
	if !fault.Is(err, fault.CountryNeeded) {
		t.Fatalf("got %v, want %s", err, fault.CountryNeeded)
	}
	got := b.pin(b.identify(started, "ZZ990417", "USA"), rightPIN)
	if got.Notice == nil || got.Notice.Code != fault.PINWrong {
		t.Fatalf("the same number of another state opened: %+v", got)
	}
}

func TestR3_22_A4_three_wrong_PINs_begin_a_wait_and_tell_the_holder(t *testing.T) {
	r := newRig(t)
	r.admit(oksana())
	b := r.browser()
	got := b.identify(b.begin("hospital"), "+351929943618", "")
	for i := range 3 {
		if i == 2 {
			b.want(got, login.StepPIN)
		}
		got = b.pin(got, wrongPIN)
	}
	b.want(got, login.StepStop)
	if got.Stop.Code != fault.WaitUntil || !got.Stop.Until.Equal(r.clock().Add(5*time.Minute)) {
		t.Fatalf("stop is %+v, want a wait of five minutes", got.Stop)
	}
	told := r.messages()
	if len(told) != 1 || told[0].Kind != message.PINBlocked || told[0].Data["minutes"] != "5" || told[0].Channel != message.SMS {
		t.Fatalf("the holder was told %+v", told)
	}
	t.Run("R3.24 the wait ends by itself", func(t *testing.T) {
		r.advance(5 * time.Minute)
		got = b.load(got)
		b.want(got, login.StepPIN)
		b.want(b.pin(got, rightPIN), login.StepCode)
	})
}

func TestR3_22_the_right_PIN_does_not_open_during_a_wait(t *testing.T) {
	r := newRig(t)
	r.admit(oksana())
	b := r.browser()
	got := b.identify(b.begin("hospital"), "+351929943618", "")
	for range 3 {
		got = b.pin(got, wrongPIN)
	}
	other := r.browser()
	fresh := other.pin(other.identify(other.begin("hospital"), "oksana@example.org", ""), rightPIN)
	if fresh.PINRight || fresh.Stop == nil || fresh.Stop.Code != fault.WaitUntil {
		t.Fatalf("a wait did not hold across identifiers: %+v", fresh)
	}
}

func TestR3_23_the_ladder_grows_to_the_end(t *testing.T) {
	r := newRig(t)
	r.admit(oksana())
	for rung, wait := range []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 24 * time.Hour} {
		b := r.browser()
		got := b.identify(b.begin("hospital"), "+351929943618", "")
		for range 3 {
			got = b.pin(got, wrongPIN)
		}
		if got.Stop == nil || !got.Stop.Until.Equal(r.clock().Add(wait)) {
			t.Fatalf("rung %d: stop is %+v, want a wait of %v", rung, got.Stop, wait)
		}
		r.advance(wait)
	}
	b := r.browser()
	got := b.identify(b.begin("hospital"), "+351929943618", "")
	for range 3 {
		got = b.pin(got, wrongPIN)
	}
	if got.Stop == nil || got.Stop.Code != fault.TriesUsedUp {
		t.Fatalf("after the ladder: %+v, want no more tries", got.Stop)
	}
}

func TestR3_23_success_resets_the_ladder(t *testing.T) {
	r := newRig(t)
	r.admit(oksana())
	for range 2 {
		b := r.browser()
		got := b.identify(b.begin("hospital"), "+351929943618", "")
		got = b.pin(b.pin(got, wrongPIN), wrongPIN)
		b.want(b.pin(got, rightPIN), login.StepCode)
	}
	b := r.browser()
	got := b.identify(b.begin("hospital"), "+351929943618", "")
	for range 3 {
		got = b.pin(got, wrongPIN)
	}
	if !got.Stop.Until.Equal(r.clock().Add(5 * time.Minute)) {
		t.Fatalf("stop %+v, want the first rung again", got.Stop)
	}
}

func TestPAIN10_R3_26_A1_a_stranger_cannot_lock_the_owner_out_of_a_known_browser(t *testing.T) {
	r := newRig(t)
	r.admit(oksana())
	owner := r.browser()
	owner.signIn("hospital", "+351929943618", "")
	owner.session = ""
	stranger := r.browser()
	for range 15 { // to the end of the ladder
		got := stranger.identify(stranger.begin("hospital"), "+351929943618", "")
		got = stranger.pin(got, wrongPIN)
		if got.Stop != nil {
			r.advance(24 * time.Hour)
		}
	}
	owner.want(owner.pin(owner.identify(owner.begin("hospital"), "+351929943618", ""), rightPIN), login.StepCode)
	t.Run("a browser that is not known shares the strangers' tries", func(t *testing.T) {
		other := r.browser()
		got := other.pin(other.identify(other.begin("hospital"), "+351929943618", ""), rightPIN)
		if got.PINRight {
			t.Fatal("a stranger's browser was let past")
		}
	})
}

func TestR3_26_A6_unknown_and_known_identifiers_get_the_same_answers(t *testing.T) {
	r := newRig(t)
	r.admit(oksana())
	var seen [2][]string
	for i, phone := range []string{"+351929943618", "+351929900099"} {
		b := r.browser()
		got := b.identify(b.begin("hospital"), phone, "")
		for range 4 {
			next, err := b.tryPIN(got, wrongPIN)
			state := "none"
			switch {
			case err != nil:
				state = string(fault.Of(err).Code)
			case next.Stop != nil:
				state = string(next.Stop.Code) + next.Stop.Until.String()
			case next.Notice != nil:
				state = string(next.Notice.Code)
			}
			if err == nil {
				got = next
			}
			seen[i] = append(seen[i], state+string(got.Next(r.clock())))
		}
	}
	for i := range seen[0] {
		if seen[0][i] != seen[1][i] {
			t.Errorf("try %d: known %q, unknown %q", i+1, seen[0][i], seen[1][i])
		}
	}
}

func TestN7_parallel_guesses_take_no_more_than_the_tries(t *testing.T) {
	r := newRig(t)
	r.admit(oksana())
	b := r.browser()
	got := b.identify(b.begin("hospital"), "+351929943618", "")
	var wg sync.WaitGroup
	var mu sync.Mutex
	hashed := 0
	for range 12 {
		wg.Go(func() {
			after, err := b.tryPIN(got, wrongPIN)
			mu.Lock()
			defer mu.Unlock()
			if err == nil && (after.Notice != nil || after.Stop != nil) {
				hashed++
			}
		})
	}
	wg.Wait()
	final := b.load(got)
	right := b.r.browser()
	other := right.pin(right.identify(right.begin("hospital"), "+351929943618", ""), rightPIN)
	if other.PINRight {
		t.Fatalf("twelve parallel guesses left tries over: %+v", final)
	}
}

func TestR2_09_R3_06_A7_E5_a_temporary_PIN_can_only_be_replaced(t *testing.T) {
	r := newRig(t)
	r.admit(oksana(), func(a *enrol.Admission) { a.Temporary = true })
	b := r.browser()
	got := b.signIn("hospital", "+351929943618", "")
	b.want(got, login.StepChoosePIN)
	if b.session != "" {
		t.Fatal("a temporary PIN opened a session")
	}
	if _, err := r.login.Decide(t.Context(), got.ID, b.cookie, nil); !fault.Is(err, fault.StepPassed) {
		t.Fatalf("sharing before choosing: %v", err)
	}
	for _, one := range []struct {
		name, pin, again string
		want             fault.Code
	}{
		{"R3.06 five digits", "86137", "86137", fault.PINLength},
		{"R3.11 one digit repeated", "777777", "777777", fault.PINRepeats},
		{"R3.11 a pair repeated", "424242", "424242", fault.PINRepeats},
		{"R3.11 upwards", "456789", "456789", fault.PINSequence},
		{"R3.11 downwards over zero", "210987", "210987", fault.PINSequence},
		{"R3.11 birth date", "230991", "230991", fault.PINBirthDate},
		{"R3.11 piece of the phone", "994361", "994361", fault.PINFromPhone},
		{"R3.11 piece of the tax number", "399412", "399412", fault.PINFromNumber},
		{"R3.11 the temporary one again", rightPIN, rightPIN, fault.PINUsedBefore},
		{"not the same twice", "581643", "581644", fault.PINUnequal},
	} {
		t.Run(one.name, func(t *testing.T) {
			if _, err := b.choose(got, one.pin, one.again); !fault.Is(err, one.want) {
				t.Fatalf("got %v, want %s", err, one.want)
			}
		})
	}
	after, err := b.choose(got, "581643", "581643")
	if err != nil {
		t.Fatal(err)
	}
	b.want(after, login.StepShare)
	if b.session == "" {
		t.Fatal("no session after choosing")
	}
	t.Run("temp_pin_ttl", func(t *testing.T) {
		late := oksana()
		late.Phone, late.Email, late.NIF, late.Documents[0].Number = "+351929943619", "", "", "ZZ990418"
		r.admit(late, func(a *enrol.Admission) { a.Temporary = true })
		r.advance(24 * time.Hour)
		b := r.browser()
		got := b.pin(b.identify(b.begin("hospital"), "+351929943619", ""), rightPIN)
		if got.Stop == nil || got.Stop.Code != fault.TemporaryPINExpired {
			t.Fatalf("an old temporary PIN was answered %+v", got.Stop)
		}
	})
}

func (b *browser) choose(t login.Transaction, pin, again string) (login.Transaction, error) {
	first, err := credential.ParsePIN(pin)
	if err != nil {
		return t, err
	}
	second, err := credential.ParsePIN(again)
	if err != nil {
		return t, err
	}
	o, err := b.r.login.ChoosePIN(b.r.t.Context(), t.ID, b.cookie, login.Sessions{Modern: b.session}, first, second)
	if err == nil && o.Cookie != "" {
		b.session = o.Cookie
	}
	return o.Transaction, err
}

func TestR3_27_reasons_are_told_apart_only_after_the_right_PIN(t *testing.T) {
	for _, one := range []struct {
		name   string
		change func(r *rig, id citizen.ID)
		want   fault.Code
	}{
		{"R1.26 passport expired", func(r *rig, _ citizen.ID) { r.advance(4 * 365 * 24 * time.Hour) }, fault.DocumentExpired},
		{"R3.17 blocked for good", func(r *rig, id citizen.ID) { r.block(id) }, fault.KeyBlocked},
		{"R1.33 deceased", func(r *rig, id citizen.ID) { r.died(id) }, fault.KeyEnded},
	} {
		t.Run(one.name, func(t *testing.T) {
			r := newRig(t)
			id := r.admit(oksana())
			one.change(r, id)
			r.messages()
			b := r.browser()
			got := b.identify(b.begin("hospital"), "+351929943618", "")
			wrong := b.pin(got, wrongPIN)
			if wrong.Notice == nil || wrong.Notice.Code != fault.PINWrong {
				t.Fatalf("a stranger was told %+v %+v", wrong.Notice, wrong.Stop)
			}
			right := b.pin(wrong, rightPIN)
			if right.Stop == nil || right.Stop.Code != one.want {
				t.Fatalf("after the right PIN: %+v, want %s", right.Stop, one.want)
			}
			if sent := r.messages(); len(sent) != 0 {
				t.Fatalf("a key that does not work sent %+v", sent)
			}
		})
	}
}

func (r *rig) block(id citizen.ID) {
	if err := r.enrol.Block(r.t.Context(), id, "test"); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) died(id citizen.ID) {
	if err := r.enrol.Standing(r.t.Context(), id, citizen.Standing{Deceased: true}, nil); err != nil {
		r.t.Fatal(err)
	}
}

func TestN7_A1_one_network_cannot_guess_at_everybody(t *testing.T) {
	r := newRig(t, func(p *credential.Policy) { p.PINsPerAddress = 4 })
	r.admit(oksana())
	for i, phone := range []string{"+351929943618", "+351929900001", "+351929900002", "+351929900003"} {
		b := r.browser()
		if _, err := b.tryPIN(b.identify(b.begin("hospital"), phone, ""), wrongPIN); err != nil {
			t.Fatalf("try %d: %v", i+1, err)
		}
	}
	b := r.browser()
	got := b.identify(b.begin("hospital"), "+351929943618", "")
	if _, err := b.tryPIN(got, rightPIN); !fault.Is(err, fault.TooManyRequests) {
		t.Fatalf("the fifth PIN from one address was answered %v", err)
	}
	r.advance(10 * time.Minute)
	b.want(b.pin(got, rightPIN), login.StepCode)
}
