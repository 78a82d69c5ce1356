// Package population makes up as many residents as a load test wants, each from a number alone, so that the driver knows everybody's phone and PIN without
// keeping a list. It also registers them, through core/enrol as every registration goes, only many at once.
//
// Numbers lie in the made-up ranges that demo/people explains; nobody in here exists.
package population

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"chave/internal/app"
	"chave/internal/core/citizen"
	"chave/internal/core/credential"
	"chave/internal/core/enrol"
	"chave/internal/format/mrz"
	"chave/internal/format/ptnumber"
	"chave/test/drive"
)

// Most is how many people there can be: the made-up block of phones has so many numbers.
const Most = 100_000

// Resident is one made-up person with what only they know.
type Resident struct {
	citizen.Person
	PIN string
}

// Options say what people are like beyond their number.
type Options struct {
	// Email gives everybody an address; a new browser is then told of by e-mail.
	Email bool
	// Today is the day their documents are counted from.
	Today time.Time
}

// Of makes the n-th resident, always the same one. Two thirds hold a citizen card; the others a passport or a residence permit.
func Of(n int, o Options) Resident {
	if n < 0 || n >= Most {
		panic(fmt.Sprintf("population: there is no resident %d", n))
	}
	dice := rand.New(rand.NewPCG(uint64(n), 0x63686176655f6f70))
	p := citizen.Person{
		GivenNames:  pick(dice, given()) + " " + pick(dice, given()),
		Surnames:    pick(dice, surnames()) + " " + pick(dice, surnames()),
		BirthDate:   citizen.Date{Year: 1935 + dice.IntN(70), Month: time.Month(1 + dice.IntN(12)), Day: 1 + dice.IntN(28)},
		Nationality: citizen.Portugal, Lang: "pt",
		NIF:   string(ptnumber.MadeUpNIF(n)),
		Phone: citizen.Phone(fmt.Sprintf("+3519299%05d", n)),
	}
	if o.Email {
		p.Email = citizen.Email(fmt.Sprintf("%s.%d@example.org", strings.ToLower(plain(p.Surnames)), n))
	}
	p.Standing = citizen.Standing{Accompanied: citizen.No, AsOf: o.Today}
	document := citizen.Document{Country: citizen.Portugal, Expires: citizen.DateOf(o.Today.AddDate(1+n%7, n%12, 0), time.UTC)}
	switch n % 6 {
	case 0:
		document.Type, document.Country, document.Number = citizen.Passport, "UKR", fmt.Sprintf("ZZ%06d", n)
		p.Nationality, p.Lang = "UKR", "en"
	case 1:
		document.Type, document.Number = citizen.ResidencePermit, fmt.Sprintf("Z9%06d", n)
		p.Nationality = "BRA"
	default:
		card := ptnumber.MadeUpCitizenCard(n, 0)
		document.Type, document.Number = citizen.CitizenCard, card.String()
		p.NIC = string(ptnumber.MadeUpNIC(n))
		p.NISS, p.NSNS = string(ptnumber.MadeUpNISS(n)), string(ptnumber.MadeUpNSNS(n))
	}
	document.Number = citizen.NormalNumber(document.Number)
	p.Documents = []citizen.Document{document}
	return Resident{p, pinFor(dice, p)}
}

// Newcomer is the resident as somebody who comes to a counter with their passport; it panics for a resident who has none.
func (r Resident) Newcomer() drive.Newcomer {
	d := r.Document()
	if d.Type != citizen.Passport {
		panic("population: this resident has no passport")
	}
	zone := mrz.Passport{
		Issuer: string(d.Country), Nationality: string(r.Nationality), Number: d.Number, Surnames: r.Surnames, GivenNames: r.GivenNames,
		BirthDate: mrz.Date(r.BirthDate), Expiry: mrz.Date(d.Expires),
	}
	return drive.Newcomer{
		Number: d.Number, Issuer: string(d.Country), Expires: d.Expires.String(), GivenNames: r.GivenNames, Surnames: r.Surnames,
		BirthDate: r.BirthDate.String(), Nationality: string(r.Nationality), Zone: zone.String(), Phone: string(r.Phone), NIF: r.NIF,
		Attests: enrol.Attestations(),
	}
}

// Signer is the resident in front of a browser, naming themselves by their phone.
func (r Resident) Signer() drive.Person {
	return drive.Person{Identifier: string(r.Phone), PIN: r.PIN, Contact: string(r.Phone)}
}

// Admit registers one resident with roles, as a migration would.
func Admit(ctx context.Context, node *app.App, r Resident, o Options, roles ...string) error {
	return admit(ctx, node.Enrol, r, o, roles)
}

func admit(ctx context.Context, with *enrol.Service, r Resident, o Options, roles []string) error {
	pin, err := credential.ParsePIN(r.PIN)
	if err != nil {
		return err
	}
	_, err = with.Admit(ctx, enrol.Admission{Person: r.Person, PIN: pin, Actor: "migration", At: o.Today.AddDate(-1, 0, 0), Roles: roles})
	return err
}

// pinFor draws until the policy for chosen PINs is content (R3.11).
func pinFor(dice *rand.Rand, p citizen.Person) string {
	policy := credential.Policy{}.Defaults()
	for {
		digits := fmt.Sprintf("%06d", dice.IntN(1_000_000))
		if pin, err := credential.ParsePIN(digits); err == nil && policy.CheckNew(pin, p) == nil {
			return digits
		}
	}
}

// OtherPIN is a PIN that the resident may change to; round makes different ones.
func (r Resident) OtherPIN(round int) string {
	dice := rand.New(rand.NewPCG(uint64(round), 0x70696e))
	for {
		if pin := pinFor(dice, r.Person); pin != r.PIN {
			return pin
		}
	}
}

// Seed registers the residents from one number up to another, a year ago, many at once: SQLite commits them in groups. light uses the cheapest
// argon2id parameters for their PINs, which is only fit for people who never sign in.
func Seed(ctx context.Context, node *app.App, from, to int, light bool, o Options) error {
	with := *node.Enrol
	if light {
		with.Hasher.Policy.Argon2Time, with.Hasher.Policy.Argon2MemKB = 1, 8
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var hands sync.WaitGroup
	next := make(chan int)
	for range 64 {
		hands.Go(func() {
			for n := range next {
				if err := admit(ctx, &with, Of(n, o), o, nil); err != nil {
					stop(fmt.Errorf("register resident %d: %w", n, err))
				}
			}
		})
	}
	for n := from; n < to && ctx.Err() == nil; n++ {
		next <- n
	}
	close(next)
	hands.Wait()
	return context.Cause(ctx)
}

func pick(dice *rand.Rand, from []string) string { return from[dice.IntN(len(from))] }

// plain takes accents and blanks away, for an address.
func plain(s string) string {
	return strings.NewReplacer("á", "a", "ã", "a", "â", "a", "ç", "c", "é", "e", "ê", "e", "í", "i", "ó", "o", "õ", "o", "ô", "o", "ú", "u",
		"Á", "a", "É", "e", " ", ".").Replace(s)
}

func given() []string {
	return []string{
		"Amélia", "Baltasar", "Conceição", "Dinis", "Eufémia", "Fausto", "Glória", "Heitor", "Iracema", "Joaquim", "Lídia", "Martim", "Noémia", "Olegário",
		"Patrícia", "Quitéria", "Rosália", "Salvador", "Teodora", "Urbano", "Violeta", "Xavier", "Zulmira", "Anastásia", "Bernardim", "Clotilde",
	}
}

func surnames() []string {
	return []string{
		"Abrunhosa", "Bragadas", "Carvalhais", "Drumonde", "Estanqueiro", "Figueiroa", "Galhardo", "Hortelão", "Inverneiro", "Junqueira", "Lampreia",
		"Mourisca", "Negreiros", "Outeiral", "Pedreirinho", "Quaresmeira", "Ribeirinha", "Salgueiral", "Trigueirão", "Urzal", "Valadares", "Zambujal",
	}
}
