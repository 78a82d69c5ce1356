package enrol

import (
	"time"

	"chave/internal/core/citizen"
	"chave/internal/core/consent"
	"chave/internal/core/credential"
	"chave/internal/core/service"
)

// Unserved is a service that will not recognise a person as they are now (PAIN-11, R2.10).
type Unserved struct {
	Service    service.Service
	Missing    []consent.Name // required attributes that the key would not hold
	NeedsPhone bool           // it asks for a level that an e-mail does not reach
}

// Unserved lists the services that will not recognise p, in their order. A clerk reads it while the missing number can still be found.
func (s *Service) Unserved(p citizen.Person, services []service.Service) []Unserved {
	now := s.Now()
	subject := consent.Subject{Person: p, KeyEnds: s.Policy.End(credential.Key{CreatedAt: now}, p), Zone: s.zone()}
	var shut []Unserved
	for _, one := range services {
		if one.FirstParty || one.Closed {
			continue
		}
		u := Unserved{Service: one, Missing: one.Lacks(subject), NeedsPhone: p.Phone == "" && one.MinLevel > service.LevelEmail}
		if len(u.Missing) > 0 || u.NeedsPhone {
			shut = append(shut, u)
		}
	}
	return shut
}

func (s *Service) zone() *time.Location {
	if s.Policy.Zone != nil {
		return s.Policy.Zone
	}
	return s.Rules.Zone
}
