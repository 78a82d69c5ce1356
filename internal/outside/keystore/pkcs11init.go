//go:build pkcs11

package keystore

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/miekg/pkcs11"
)

// A root key's label in the token is "chave", what it does, and the number of its generation. People see it in their device's tools; it is never changed.
const (
	roleMAC  = "mac"
	roleSeal = "seal"
	roleWrap = "wrap"
)

func rootLabel(role string, number int) string { return fmt.Sprintf("chave %s %d", role, number) }

// InitPKCS11 makes the first generation of keys in a token that has none, and returns its number, 1. The keys stay in the token for good: copy it with the maker's own
// means (a clone or a backup under the maker's key) before the first person is registered, and give every node a copy.
func InitPKCS11(c PKCS11Config) (generation int, err error) {
	return addGeneration(c, func(found map[int]candidate) (int, error) {
		if len(found) > 0 {
			return 0, fmt.Errorf("token %q has keys of ours already: rotate instead", c.Token)
		}
		return 1, nil
	})
}

// RotatePKCS11 makes the next generation and returns its number. Running processes go on under the one before until they are opened again; what was made under older
// generations stays readable as long as these are in the token.
func RotatePKCS11(c PKCS11Config) (generation int, err error) {
	return addGeneration(c, func(found map[int]candidate) (int, error) {
		highest := 0
		for number := range found {
			highest = max(highest, number)
		}
		if highest == 0 {
			return 0, fmt.Errorf("token %q has no keys of ours: make the first instead", c.Token)
		}
		return highest + 1, nil
	})
}

func addGeneration(c PKCS11Config, choose func(map[int]candidate) (int, error)) (generation int, err error) {
	s, err := newPKCS11(c)
	if err != nil {
		return 0, err
	}
	slot, err := s.slot()
	if err != nil {
		return 0, fmt.Errorf("keystore: PKCS#11: %w", err)
	}
	session, err := s.module.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil {
		return 0, fmt.Errorf("keystore: PKCS#11: open session: %w", err)
	}
	defer func() { _ = s.module.CloseSession(session) }()
	if err := s.present(session); err != nil {
		return 0, fmt.Errorf("keystore: PKCS#11: %w", err)
	}
	found, err := findGenerations(s.module, session)
	if err != nil {
		return 0, fmt.Errorf("keystore: PKCS#11: %w", err)
	}
	if generation, err = choose(found); err != nil {
		return 0, fmt.Errorf("keystore: PKCS#11: %w", err)
	}
	var made []pkcs11.ObjectHandle
	for _, k := range []struct {
		role      string
		mechanism uint
		may       []uint
	}{
		{roleMAC, pkcs11.CKM_GENERIC_SECRET_KEY_GEN, []uint{pkcs11.CKA_SIGN, pkcs11.CKA_VERIFY}},
		{roleSeal, pkcs11.CKM_AES_KEY_GEN, []uint{pkcs11.CKA_ENCRYPT, pkcs11.CKA_DECRYPT}},
		{roleWrap, pkcs11.CKM_AES_KEY_GEN, []uint{pkcs11.CKA_WRAP, pkcs11.CKA_UNWRAP}},
	} {
		handle, err := s.module.GenerateKey(session, []*pkcs11.Mechanism{pkcs11.NewMechanism(k.mechanism, nil)}, rootTemplate(k.role, generation, k.may))
		if err != nil {
			for _, m := range made {
				err = errors.Join(err, s.module.DestroyObject(session, m))
			}
			return 0, fmt.Errorf("keystore: PKCS#11: make %s: %w", rootLabel(k.role, generation), err)
		}
		made = append(made, handle)
	}
	return generation, nil
}

// rootTemplate describes a key that never leaves (T4) and does one thing. Every use is named, since modules differ in what they allow when nothing is said.
func rootTemplate(role string, generation int, may []uint) []*pkcs11.Attribute {
	template := []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		pkcs11.NewAttribute(pkcs11.CKA_LABEL, rootLabel(role, generation)),
		pkcs11.NewAttribute(pkcs11.CKA_ID, []byte(strconv.Itoa(generation))),
		pkcs11.NewAttribute(pkcs11.CKA_VALUE_LEN, rootLength),
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
		pkcs11.NewAttribute(pkcs11.CKA_PRIVATE, true),
		pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, true),
		pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, false),
		pkcs11.NewAttribute(pkcs11.CKA_MODIFIABLE, false),
		pkcs11.NewAttribute(pkcs11.CKA_DERIVE, false),
	}
	for _, use := range []uint{pkcs11.CKA_SIGN, pkcs11.CKA_VERIFY, pkcs11.CKA_ENCRYPT, pkcs11.CKA_DECRYPT, pkcs11.CKA_WRAP, pkcs11.CKA_UNWRAP} {
		allowed := use == may[0] || use == may[1]
		template = append(template, pkcs11.NewAttribute(use, allowed))
	}
	return template
}

// candidate is what the token has of one generation, by role.
type candidate map[string][]pkcs11.ObjectHandle

// findGenerations reads the labels of all secret keys: a token cannot be asked for the beginning of one.
func findGenerations(module *pkcs11.Ctx, session pkcs11.SessionHandle) (map[int]candidate, error) {
	handles, err := findSecretKeys(module, session)
	if err != nil {
		return nil, fmt.Errorf("find keys: %w", err)
	}
	found := map[int]candidate{}
	for _, handle := range handles {
		attributes, err := module.GetAttributeValue(session, handle, []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_LABEL, nil)})
		if err != nil {
			return nil, fmt.Errorf("read label of a key: %w", err)
		}
		words := strings.Split(string(attributes[0].Value), " ")
		if len(words) != 3 || words[0] != "chave" {
			continue // somebody else's
		}
		number, err := strconv.Atoi(words[2])
		if err != nil || number < 1 || rootLabel(words[1], number) != string(attributes[0].Value) {
			continue
		}
		if found[number] == nil {
			found[number] = candidate{}
		}
		found[number][words[1]] = append(found[number][words[1]], handle)
	}
	return found, nil
}

func findSecretKeys(module *pkcs11.Ctx, session pkcs11.SessionHandle) (all []pkcs11.ObjectHandle, err error) {
	err = module.FindObjectsInit(session, []*pkcs11.Attribute{
		pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_SECRET_KEY),
		pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true),
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, module.FindObjectsFinal(session)) }()
	for {
		some, _, err := module.FindObjects(session, 100)
		if err != nil {
			return nil, err
		}
		if len(some) == 0 {
			return all, nil
		}
		all = append(all, some...)
	}
}

// complete checks that a generation has each key once, and that none of them can leave: a key that somebody imported in a hurry would pass every other test.
func (c candidate) complete(module *pkcs11.Ctx, session pkcs11.SessionHandle, number int) (rootKeys, error) {
	keys := rootKeys{number: number}
	for role, into := range map[string]*pkcs11.ObjectHandle{roleMAC: &keys.mac, roleSeal: &keys.seal, roleWrap: &keys.wrap} {
		if len(c[role]) != 1 {
			return keys, fmt.Errorf("the token has %d keys called %q, not one", len(c[role]), rootLabel(role, number))
		}
		*into = c[role][0]
		attributes, err := module.GetAttributeValue(session, *into, []*pkcs11.Attribute{
			pkcs11.NewAttribute(pkcs11.CKA_SENSITIVE, nil), pkcs11.NewAttribute(pkcs11.CKA_EXTRACTABLE, nil),
		})
		if err != nil {
			return keys, fmt.Errorf("inspect %q: %w", rootLabel(role, number), err)
		}
		if !isTrue(attributes[0]) || isTrue(attributes[1]) {
			return keys, fmt.Errorf("%q could leave the token: it is not sensitive, or extractable", rootLabel(role, number))
		}
	}
	return keys, nil
}

func isTrue(a *pkcs11.Attribute) bool { return len(a.Value) == 1 && a.Value[0] == 1 }
