package check

import (
	"maps"
	"slices"
	"strings"
	"time"

	"chave/internal/format/ades"
)

// view turns a report into what the page says. It changes no verdict.
func view(r ades.Report) Report {
	v := Report{Verdict: string(r.Verdict), Reasons: reasons(r.Reasons), Stamps: stamps(r.Timestamps)}
	for _, s := range r.Signatures {
		one := Signature{
			Number: s.Index, Verdict: string(s.Verdict), Reasons: reasons(s.Reasons), Notes: reasons(s.Notes), Intact: s.Intact, Signer: who(s.Signer),
			Claimed: s.ClaimedAt, Proven: s.ProvenAt, Level: string(s.Level), Page: s.Page, Reason: s.Reason, Location: s.Location, Covers: s.CoversAll || r.Kind != "pdf",
			Stamps: stamps(s.Timestamps), Hash: s.Hash, Field: s.Field,
		}
		for _, c := range s.Changes {
			one.Changes = append(one.Changes, Change{Kind: string(c.Kind), Field: c.Field, Allowed: c.Allowed})
		}
		for _, p := range s.Chain {
			one.Chain = append(one.Chain, who(p))
		}
		for _, found := range s.Revocation {
			one.Status = append(one.Status, Status{Name: found.Certificate, Status: found.Status, Source: found.Source, At: found.At, Revoked: found.RevokedAt})
		}
		v.Signatures = append(v.Signatures, one)
	}
	return v
}

func who(p ades.Party) Party {
	return Party{
		Name: p.CommonName, Country: strings.Join(p.Country, ", "), Number: p.Number, Organization: strings.Join(p.Organization, ", "), Issuer: p.Issuer, Serial: p.Serial,
		From: p.NotBefore, Until: p.NotAfter,
	}
}

func stamps(all []ades.StampReport) []Stamp {
	var list []Stamp
	for _, s := range all {
		list = append(list, Stamp{Verdict: string(s.Verdict), Reasons: reasons(s.Reasons), At: s.At, Authority: s.Authority.CommonName})
	}
	return list
}

// reasons names the values of each as the texts do: certificate becomes Certificate, and an instant becomes one that is written in the reader's language.
func reasons(all []ades.Reason) []Reason {
	var list []Reason
	for _, r := range all {
		one := Reason{Key: string(r.Code)}
		for _, name := range slices.Sorted(maps.Keys(r.Args)) {
			var value any = r.Args[name]
			if at, err := time.Parse(time.RFC3339, r.Args[name]); err == nil {
				value = at
			}
			one.Args = append(one.Args, strings.ToUpper(name[:1])+name[1:], value)
		}
		list = append(list, one)
	}
	return list
}
