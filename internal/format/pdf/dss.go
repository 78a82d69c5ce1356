package pdf

import (
	"bytes"
	"slices"
)

// DSS is the validation data that a file carries, each item in DER (ISO 32000-2 §12.8.4.3, EN 319 142-1 §5.4.2).
type DSS struct{ Certs, OCSPs, CRLs [][]byte }

// DSS gives the validation data of the file, entries for single signatures (VRI) included, without repetitions. Items that cannot be read are left out.
func (f *File) DSS() DSS {
	s, err := f.now().store()
	if err != nil {
		return DSS{}
	}
	return s.data
}

// store is a DSS as the file holds it.
type store struct {
	dict dict
	data DSS
}

func (v view) store() (store, error) {
	var s store
	root, err := v.catalog()
	if err != nil {
		return s, err
	}
	if s.dict, err = v.dict(root.at("DSS")); err != nil {
		return s, err
	}
	seen := map[ref]bool{}
	v.collect(&s.data, s.dict, seen, "Certs", "OCSPs", "CRLs")
	vri, err := v.dict(s.dict.at("VRI"))
	if err != nil {
		return s, nil //nolint:nilerr // unreadable: nothing to add
	}
	for _, e := range vri {
		if d, err := v.dict(e.value); err == nil {
			v.collect(&s.data, d, seen, "Cert", "OCSP", "CRL")
		}
	}
	return s, nil
}

// collect adds the streams of three lists, each object once.
func (v view) collect(to *DSS, d dict, seen map[ref]bool, keys ...name) {
	for i, list := range []*[][]byte{&to.Certs, &to.OCSPs, &to.CRLs} {
		items, err := v.array(d.at(keys[i]))
		if err != nil {
			continue
		}
		for _, item := range items {
			r, ok := item.(ref)
			if !ok || seen[r] {
				continue
			}
			seen[r] = true
			value, err := v.resolve(item)
			if err != nil {
				continue
			}
			st, ok := value.(stream)
			if !ok {
				continue
			}
			if der, err := v.f.inflate(st); err == nil && !holds(*list, der) {
				*list = append(*list, der)
			}
		}
	}
}

func holds(list [][]byte, item []byte) bool {
	return slices.ContainsFunc(list, func(b []byte) bool { return bytes.Equal(b, item) })
}

// AddDSS appends validation data in a revision of its own. What the file has already is kept, and not added again; when nothing is new the file is returned as it is.
// No signature forbids this update, whatever its DocMDP level. Errors: ErrDamaged, ErrTooComplex.
func (f *File) AddDSS(add DSS) ([]byte, error) {
	v := f.now()
	s, err := v.store()
	if err != nil {
		return nil, err
	}
	u := f.update()
	d := s.dict
	if d == nil {
		d = pairs("Type", name("DSS"))
	}
	lists := []struct {
		key       name
		have, add [][]byte
	}{{"Certs", s.data.Certs, add.Certs}, {"OCSPs", s.data.OCSPs, add.OCSPs}, {"CRLs", s.data.CRLs, add.CRLs}}
	for _, l := range lists {
		var fresh array
		for _, der := range l.add {
			if len(der) == 0 || holds(l.have, der) {
				continue
			}
			l.have = append(l.have, der)
			fresh = append(fresh, u.add(stream{data: der}))
		}
		if fresh == nil {
			continue
		}
		old, err := v.array(d.at(l.key))
		if err != nil {
			return nil, err
		}
		d = d.with(l.key, slices.Concat(old, fresh))
	}
	if u.top == f.top {
		return f.data, nil
	}
	root, err := v.root()
	if err != nil {
		return nil, err
	}
	catalog, err := v.catalog()
	if err != nil {
		return nil, err
	}
	if r, ok := catalog.at("DSS").(ref); ok && s.dict != nil {
		u.replace(r, d)
	} else {
		u.replace(root, catalog.with("DSS", u.add(d)))
	}
	tail, _, err := u.close()
	if err != nil {
		return nil, err
	}
	return slices.Concat(f.data, tail), nil
}
