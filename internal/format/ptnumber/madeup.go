package ptnumber

import (
	"fmt"
	"strings"
)

// MadeUpLimit is how many made-up numbers of each sort there are: the MadeUp functions take 0 to MadeUpLimit-1, give
// different numbers for different n, and panic beyond, for that is a mistake in the program that asks.
const MadeUpLimit = 1_000_000

// MadeUpNIC returns the n-th made-up civil identification number.
func MadeUpNIC(n int) NIC { return NIC("99" + six(n)) }

// MadeUpCitizenCard returns the number of a made-up person's card: renewals is how many cards came before it, each version
// one letter back from "ZZ".
func MadeUpCitizenCard(n, renewals int) CitizenCard {
	renewals %= 26 * 26
	version := string([]byte{byte('Z' - renewals/26), byte('Z' - renewals%26)})
	return CitizenCard{MadeUpNIC(n), version}
}

// MadeUpNIF returns the n-th made-up tax number of a natural person.
func MadeUpNIF(n int) NIF {
	first8 := "39" + six(n)
	return NIF(first8 + string(mod11(first8)))
}

// MadeUpNISS returns the n-th made-up social security number of a natural person.
func MadeUpNISS(n int) NISS {
	first10 := "1999" + six(n)
	return NISS(first10 + string(nissDigit(first10)))
}

// MadeUpNSNS returns the n-th made-up health-service user number.
func MadeUpNSNS(n int) NSNS { return NSNS("999" + six(n)) }

// MadeUp tells that the number lies in the made-up range; a real installation refuses it.
func (n NIC) MadeUp() bool { return strings.HasPrefix(string(n), "99") }

// MadeUp tells that the number lies in the made-up range; a real installation refuses it.
func (n NIF) MadeUp() bool { return strings.HasPrefix(string(n), "39") }

// MadeUp tells that the number lies in the made-up range; a real installation refuses it.
func (n NISS) MadeUp() bool { return strings.HasPrefix(string(n), "199") }

// MadeUp tells that the number lies in the made-up range; a real installation refuses it.
func (n NSNS) MadeUp() bool { return strings.HasPrefix(string(n), "999") }

func six(n int) string {
	if n < 0 || n >= MadeUpLimit {
		panic(fmt.Sprintf("ptnumber: no made-up number %d", n))
	}
	return fmt.Sprintf("%06d", n)
}
