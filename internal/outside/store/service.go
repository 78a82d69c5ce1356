package store

import (
	"bytes"
	"fmt"
	"slices"

	"chave/internal/core/fault"
	"chave/internal/core/service"
)

var _ service.Tx = (*Tx)(nil)

const servicesSealed = "services.sealed"

// registration is a service as it is sealed.
type registration struct {
	Settings   service.Settings `json:"settings"`
	SecretMAC  []byte           `json:"secret_mac,omitempty"`
	SCMDMAC    []byte           `json:"scmd_mac,omitempty"`
	FirstParty bool             `json:"first_party,omitempty"`
}

// Service reads one; fault.ServiceUnknown when there is none.
func (tx *Tx) Service(id string) (service.Service, error) {
	var sealed []byte
	err := tx.queryRow(`
		SELECT sealed
		FROM services
		WHERE id = $1`,
		id).Scan(&sealed)
	if fault.Is(err, fault.RowNotFound) {
		return service.Service{}, fault.New(fault.ServiceUnknown)
	}
	if err != nil {
		return service.Service{}, err
	}
	return tx.openService(id, sealed)
}

// openedService is a registration as it was last opened, and the sealed bytes it came from.
type openedService struct {
	sealed  []byte
	service service.Service
}

// openService opens a row once: as long as the row's bytes are the same, so is what is in them. Callers share the slices inside and only read them.
func (tx *Tx) openService(id string, sealed []byte) (service.Service, error) {
	if last, ok := tx.db.opened.Load(id); ok {
		if last := last.(openedService); bytes.Equal(last.sealed, sealed) {
			return last.service, nil
		}
	}
	var r registration
	if err := tx.unseal(servicesSealed, id, sealed, &r); err != nil {
		return service.Service{}, err
	}
	opened := service.Service{Settings: r.Settings, SecretMAC: r.SecretMAC, SCMDMAC: r.SCMDMAC, FirstParty: r.FirstParty}
	tx.db.opened.Store(id, openedService{bytes.Clone(sealed), opened})
	return opened, nil
}

// Services lists all, by id.
func (tx *Tx) Services() ([]service.Service, error) {
	var ids []string
	var sealed [][]byte
	err := tx.query(func(scan func(...any) error) error {
		var id string
		var body []byte
		err := scan(&id, &body)
		ids, sealed = append(ids, id), append(sealed, body)
		return err
	}, `
		SELECT id, sealed
		FROM services
		ORDER BY id`)
	if err != nil {
		return nil, err
	}
	var all []service.Service
	for i, id := range ids {
		s, err := tx.openService(id, sealed[i])
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// SaveService inserts or replaces.
func (tx *Tx) SaveService(s service.Service) error {
	sealed, err := tx.seal(servicesSealed, s.ID, registration{s.Settings, s.SecretMAC, s.SCMDMAC, s.FirstParty})
	if err != nil {
		return err
	}
	_, err = tx.exec(`
		INSERT INTO services (id, sealed, saved_at)
		VALUES ($1, $2, $3)
		ON CONFLICT (id) DO UPDATE
		SET sealed = EXCLUDED.sealed, saved_at = EXCLUDED.saved_at`,
		s.ID, sealed, micros(tx.now))
	if err != nil {
		return err
	}
	return tx.nameService(s)
}

// nameService replaces the names by which other wires find a service. A name that another service has is that service's: fault.RowConflict.
func (tx *Tx) nameService(s service.Service) error {
	_, err := tx.exec(`
		DELETE FROM service_names
		WHERE service = $1`,
		s.ID)
	if err != nil {
		return err
	}
	for _, n := range s.Names() {
		won, err := tx.cas(`
			INSERT INTO service_names (wire, name, service)
			VALUES ($1, $2, $3)
			ON CONFLICT (wire, name) DO NOTHING`,
			string(n.Wire), n.Name, s.ID)
		if err != nil {
			return err
		}
		if !won {
			return fault.New(fault.RowConflict).Because(fmt.Errorf("another service is known as %q over %s", n.Name, n.Wire))
		}
	}
	return nil
}

// ServiceNamed finds the service that a wire knows by a name; fault.ServiceUnknown when there is none. The row only points: what is sealed says whether the name is
// the service's, so that nobody who can only write to the database gives one service's name to another.
func (tx *Tx) ServiceNamed(wire service.Wire, name string) (service.Service, error) {
	var id string
	err := tx.queryRow(`
		SELECT service
		FROM service_names
		WHERE wire = $1
		AND name = $2`,
		string(wire), name).Scan(&id)
	if fault.Is(err, fault.RowNotFound) {
		return service.Service{}, fault.New(fault.ServiceUnknown)
	}
	if err != nil {
		return service.Service{}, err
	}
	found, err := tx.Service(id)
	if err == nil && !slices.Contains(found.Names(), service.Name{Wire: wire, Name: name}) {
		return service.Service{}, fault.New(fault.ServiceUnknown)
	}
	return found, err
}

// DeleteService removes; it tells whether there was one.
func (tx *Tx) DeleteService(id string) (bool, error) {
	_, err := tx.exec(`
		DELETE FROM service_names
		WHERE service = $1`,
		id)
	if err != nil {
		return false, err
	}
	return tx.cas(`
		DELETE FROM services
		WHERE id = $1`,
		id)
}
