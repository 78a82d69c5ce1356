package credential

import (
	"strings"
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/fault"
)

// Policy is the operator's settings for keys (cmd-rules, Annex A). Zero durations and counts are filled by Defaults.
type Policy struct {
	PINMin, PINMax          int             // digits of a newly chosen PIN; 6 and 8 (R3.06)
	PINTries                int             // wrong PINs in a row before a wait; 3 (R3.22)
	LockLadder              []time.Duration // waits, each longer; after the last one tries are used up for good (R3.23)
	CodeTTL                 time.Duration   // life of a one-time code; 300 s (R3.15)
	CodeTries               int             // wrong codes in a row before the key is blocked for good; 3 (R3.17)
	CodesPerPerson          int             // codes sent to one person in a RateWindow
	CodesPerAddress         int             // codes asked for from one network address in a RateWindow
	PINsPerAddress          int             // PINs tried from one network address in a RateWindow, whoever they are for; five times CodesPerAddress
	RateWindow              time.Duration   // 10 minutes
	TemporaryPINTTL         time.Duration   // life of a PIN made at a desk; 24 h (R2.09)
	GraceNational           int             // days a key outlives a national document; 30 (R1.25)
	GraceForeign            int             // days a key outlives any other document; 0 (R1.26)
	AllowAccompanied        bool            // keys of people under an accompanying measure go on working (R1.04)
	MaxYears, MaxExtraDays  int             // hard ceiling of a key's life; 10 years and 30 days (R1.28)
	IdleMonths              int             // months without use until revocation; 0 is off (R1.36)
	PINHistory              int             // earlier PINs that may not come back; 3 (R3.11)
	KnownBrowserFor         time.Duration   // how long a browser stays known after its last sign-in; 180 days (PAIN-10)
	ForgetUnknown           time.Duration   // when counters of identifiers nobody has are removed; 180 days, as long as a known browser is: forgetting them sooner than a known person's would tell the two apart (R3.26)
	Zone                    *time.Location  // where days end; Europe/Lisbon (R1.26)
	DocumentValidOverrides  []ValidOverride // decrees that extend expired documents (R1.35)
	Argon2Time, Argon2MemKB uint32          // second line behind the keyed step; see docs/performance.md
}

// ValidOverride is one decree: documents of a type that expired within a window count as valid until a day (R1.35).
type ValidOverride struct {
	Type         citizen.DocumentType
	From, To     citizen.Date
	ValidThrough citizen.Date
}

// Defaults fills what is not set.
func (p Policy) Defaults() Policy {
	set := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	span := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	set(&p.PINMin, 6)
	set(&p.PINMax, 8)
	set(&p.PINTries, 3)
	set(&p.CodeTries, 3)
	set(&p.CodesPerPerson, 10)
	set(&p.CodesPerAddress, 60)
	set(&p.PINsPerAddress, 5*p.CodesPerAddress) // people behind one address mistype, and some sign-ins need no code
	set(&p.GraceNational, 30)
	set(&p.MaxYears, 10)
	set(&p.MaxExtraDays, 30)
	set(&p.PINHistory, 3)
	span(&p.CodeTTL, 300*time.Second)
	span(&p.RateWindow, 10*time.Minute)
	span(&p.TemporaryPINTTL, 24*time.Hour)
	span(&p.KnownBrowserFor, 180*24*time.Hour)
	span(&p.ForgetUnknown, 180*24*time.Hour)
	if len(p.LockLadder) == 0 {
		p.LockLadder = []time.Duration{5 * time.Minute, 15 * time.Minute, time.Hour, 24 * time.Hour}
	}
	if p.Zone == nil {
		p.Zone = time.UTC
	}
	if p.Argon2Time == 0 {
		p.Argon2Time = 1
	}
	if p.Argon2MemKB == 0 {
		p.Argon2MemKB = 1024
	}
	return p
}

// CheckNew says whether a PIN may be chosen (R3.06, R3.11): long enough, no single digit over and over, no run up or down, not the birth date,
// not a piece of the phone, document or tax number. There are no other rules: composition rules make people write PINs down (N9).
func (p Policy) CheckNew(pin PIN, who citizen.Person) error {
	d := pin.digits
	refuse := func(code fault.Code) error { return fault.New(code).On("new_pin") }
	if len(d) < p.PINMin || len(d) > p.PINMax || !onlyDigits(d) {
		return fault.New(fault.PINLength).On("new_pin").With("Min", p.PINMin).With("Max", p.PINMax)
	}
	if repeats(d) {
		return refuse(fault.PINRepeats)
	}
	if run(d, 1) || run(d, 9) {
		return refuse(fault.PINSequence)
	}
	if fromDate(d, who.BirthDate) {
		return refuse(fault.PINBirthDate)
	}
	if strings.Contains(onlyDigitsOf(string(who.Phone)), d) {
		return refuse(fault.PINFromPhone)
	}
	for _, number := range []string{who.NIC, who.NIF, who.NISS, who.NSNS, onlyDigitsOf(who.Document().Number)} {
		if number != "" && strings.Contains(number, d) {
			return refuse(fault.PINFromNumber)
		}
	}
	return nil
}

// repeats catches 000000 and short blocks repeated: 121212, 123123.
func repeats(d string) bool {
	for size := 1; size <= len(d)/2; size++ {
		if len(d)%size == 0 && strings.Repeat(d[:size], len(d)/size) == d {
			return true
		}
	}
	return false
}

// run catches 123456 (step 1) and 654321 (step 9, which is one down modulo ten), also across the zero.
func run(d string, step byte) bool {
	for i := 1; i < len(d); i++ {
		if (d[i]-'0'+10-(d[i-1]-'0'))%10 != step {
			return false
		}
	}
	return true
}

func fromDate(d string, born citizen.Date) bool {
	if born.IsZero() {
		return false
	}
	iso := born.String() // YYYY-MM-DD
	y, yy, m, day := iso[:4], iso[2:4], iso[5:7], iso[8:]
	for _, form := range []string{day + m + yy, day + m + y, yy + m + day, y + m + day, m + day + yy, m + day + y, y + m, m + y, day + m} {
		if len(form) >= 6 && form == d || len(form) < 6 && len(d) < 6 && form == d {
			return true
		}
	}
	return false
}

func onlyDigitsOf(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r >= '0' && r <= '9' {
			b.WriteRune(r)
		}
	}
	return b.String()
}
