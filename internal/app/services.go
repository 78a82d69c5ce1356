package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"chave/internal/core/audit"
	"chave/internal/core/fault"
	"chave/internal/core/random"
	"chave/internal/core/service"
	"chave/internal/outside/store"

	"go.yaml.in/yaml/v3"
)

// ReadService reads one registration strictly: unknown keys are errors.
func ReadService(name string, data []byte) (service.Settings, error) {
	var s service.Settings
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&s); err != nil {
		return s, fmt.Errorf("%s: %w", name, err)
	}
	if s.SecretFile != "" {
		if s.Secret != "" {
			return s, fmt.Errorf("%s: secret and secret_file exclude each other", name)
		}
		path := s.SecretFile
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(name), path)
		}
		secret, err := secretFile(path)
		if err != nil {
			return s, fmt.Errorf("%s: secret_file: %w", name, err)
		}
		s.Secret = secret
	}
	if s.SCMD != nil && s.SCMD.PasswordFile != "" {
		path := s.SCMD.PasswordFile
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(name), path)
		}
		password, err := secretFile(path)
		if err != nil {
			return s, fmt.Errorf("%s: scmd.password_file: %w", name, err)
		}
		s.SCMD.Password = password
	}
	return s, nil
}

// ReadServices reads every registration of a folder. All problems of all files are reported at once.
func ReadServices(dir string) ([]service.Settings, error) {
	if dir == "" {
		return nil, nil
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return nil, err
	}
	var (
		all      []service.Settings
		problems []error
		from     = map[string]string{}
	)
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		one, err := ReadService(name, data)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if _, err := service.New(one, checkOnly{}); err != nil {
			problems = append(problems, fmt.Errorf("%s:\n%w", name, problemsOf(err)))
		}
		if first, twice := from[one.ID]; twice {
			problems = append(problems, fmt.Errorf("%s: id %q is registered by %s too", name, one.ID, first))
		}
		from[one.ID] = name
		all = append(all, one)
	}
	return all, errors.Join(problems...)
}

// problemsOf gives the list inside a refusal of service.New, which is for the operator, not for people.
func problemsOf(err error) error {
	var list service.Problems
	if errors.As(err, &list) {
		return list
	}
	return err
}

// checkOnly stands in for the keystore where nothing is stored.
type checkOnly struct{}

func (checkOnly) MAC(string, ...[]byte) []byte { return nil }

// SaveService registers or replaces a service, audited. It returns the warning for groups of residents it shuts out (PAIN-11).
func (a *App) SaveService(ctx context.Context, s service.Settings, actor string) (warning string, err error) {
	checked, err := service.NewAt(s, a.Vault, a.Now())
	if err != nil {
		return "", err
	}
	err = a.DB.Do(ctx, func(tx *store.Tx) error {
		before, err := tx.Service(checked.ID)
		if err == nil && before.FirstParty {
			return fault.New(fault.ServiceInvalid).Because(fmt.Errorf("id %q belongs to Chave itself", checked.ID))
		}
		if err != nil && !fault.Is(err, fault.ServiceUnknown) {
			return err
		}
		if err := tx.SaveService(checked); err != nil {
			return err
		}
		e := audit.Event{ID: random.ID(a.rand), At: a.Now(), Kind: audit.ServiceSaved, Service: checked.ID, Actor: actor}
		return tx.InsertAudit(e)
	})
	if groups := checked.Forgets(); len(groups) > 0 {
		names := make([]string, len(groups))
		for i, g := range groups {
			names[i] = string(g)
		}
		warning = fmt.Sprintf("service %s requires attributes that these residents never have: %s. Make them optional, or add document beside nic.",
			checked.ID, strings.Join(names, ", "))
	}
	return warning, err
}
