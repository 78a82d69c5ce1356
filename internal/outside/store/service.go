package store

import (
	"encoding/json"
	"fmt"

	"chave/internal/core/fault"
	"chave/internal/core/service"
)

var _ service.Tx = (*Tx)(nil)

// Service reads one; fault.ServiceUnknown when there is none.
func (tx *Tx) Service(id string) (service.Service, error) {
	var (
		s        service.Service
		settings string
	)
	err := tx.queryRow(`
		SELECT settings, secret_mac, first_party
		FROM services
		WHERE id = $1`,
		id).Scan(&settings, &s.SecretMAC, &s.FirstParty)
	if fault.Is(err, fault.RowNotFound) {
		return s, fault.New(fault.ServiceUnknown)
	}
	if err != nil {
		return s, err
	}
	return readService(s, settings)
}

func readService(s service.Service, settings string) (service.Service, error) {
	if err := json.Unmarshal([]byte(settings), &s.Settings); err != nil {
		return service.Service{}, fmt.Errorf("read service: %w", err)
	}
	if len(s.SecretMAC) == 0 {
		s.SecretMAC = nil
	}
	return s, nil
}

// Services lists all, by id.
func (tx *Tx) Services() ([]service.Service, error) {
	var all []service.Service
	err := tx.query(func(scan func(...any) error) error {
		var (
			s        service.Service
			settings string
		)
		if err := scan(&settings, &s.SecretMAC, &s.FirstParty); err != nil {
			return err
		}
		s, err := readService(s, settings)
		all = append(all, s)
		return err
	}, `
		SELECT settings, secret_mac, first_party
		FROM services
		ORDER BY id`)
	return all, err
}

// SaveService inserts or replaces.
func (tx *Tx) SaveService(s service.Service) error {
	settings, err := json.Marshal(s.Settings)
	if err != nil {
		return fmt.Errorf("write service: %w", err)
	}
	_, err = tx.exec(`
		INSERT INTO services (id, settings, secret_mac, first_party, saved_at)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (id) DO UPDATE
		SET settings = EXCLUDED.settings, secret_mac = EXCLUDED.secret_mac, first_party = EXCLUDED.first_party,
			saved_at = EXCLUDED.saved_at`,
		s.ID, string(settings), present(s.SecretMAC), s.FirstParty, micros(tx.now))
	return err
}

// DeleteService removes; it tells whether there was one.
func (tx *Tx) DeleteService(id string) (bool, error) {
	return tx.cas(`
		DELETE FROM services
		WHERE id = $1`,
		id)
}
