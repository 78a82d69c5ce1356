package pdf

import (
	"bytes"
	"crypto"
	"encoding/hex"
	"fmt"
	"image"
	"slices"
	"strconv"
	"time"
)

// The sub-filters that are written.
const (
	CAdES     = "ETSI.CAdES.detached" // a signature (EN 319 142-1)
	Timestamp = "ETSI.RFC3161"        // a document timestamp
)

// DefaultReserve is the space for a signature when a Field asks for none, in octets: a chain of three RSA-4096 certificates, a timestamp with its own chain, and room.
const DefaultReserve = 24 << 10

const limitReserve = 4 << 20

// Field is the signature to be. Nothing in it is secret.
type Field struct {
	Name                                      string    // an empty signature field of the file, or a new one; "" takes the first free "Signature1", "Signature2" …
	At                                        time.Time // written with its zone (M); zero: not written
	SignerName, Reason, Location, ContactInfo string
	Stamp                                     *Stamp // nil: invisible. An existing field keeps its own page and rectangle.
	SubFilter                                 string // CAdES (also "") or Timestamp
	Filter                                    string // "": Adobe.PPKLite
	Reserve                                   int    // octets kept for the signature; 0: DefaultReserve
	Certify                                   int    // 0: no; 1–3: this signature certifies the document at that DocMDP level, and must be its first
}

// Stamp is what the page shows of a signature. All lengths are in points, measured from the lower left corner of the page as displayed, turned pages included.
type Stamp struct {
	Page                int // from 1
	X, Y, Width, Height float64
	Lines               []string    // from top to bottom; shrunk to fit
	Picture             image.Image // left of the lines; nil: none
}

// Prepared is a file with a place kept for a signature that does not exist yet.
type Prepared struct {
	base, tail []byte
	gap        [2]int // where Contents begins and ends in the new file, brackets included
}

// Prepare builds the update that will carry a signature. The same file and field give the same octets, on any machine.
// Errors: ErrLocked, ErrPlace, ErrField, ErrDamaged, ErrTooComplex.
func (f *File) Prepare(field Field) (*Prepared, error) {
	s, err := f.plan(field)
	if err != nil {
		return nil, err
	}
	body, byteRange, contents := s.signature()
	s.u.objects[s.value] = body
	tail, at, err := s.u.close()
	if err != nil {
		return nil, err
	}
	p := &Prepared{base: f.data, tail: tail}
	from := at[s.value] + contents
	p.gap = [2]int{from, from + 2*s.Reserve + 2}
	total := len(f.data) + len(tail)
	patch := tail[at[s.value]+byteRange-len(f.data):]
	copy(patch, fmt.Sprintf("[0 %-10d %-10d %-10d]", p.gap[0], p.gap[1], total-p.gap[1]))
	return p, nil
}

// Digest is the hash of everything but the place of the signature.
func (p *Prepared) Digest(h crypto.Hash) []byte {
	d := h.New()
	d.Write(p.base)
	d.Write(p.tail[:p.gap[0]-len(p.base)])
	d.Write(p.tail[p.gap[1]-len(p.base):])
	return d.Sum(nil)
}

// Attach puts a signature (DER) into its place and gives the whole new file. ErrTooLong when it does not fit; there is no file then.
func (p *Prepared) Attach(cms []byte) ([]byte, error) {
	if len(cms) == 0 || 2*len(cms) > p.gap[1]-p.gap[0]-2 {
		return nil, ErrTooLong
	}
	out := slices.Concat(p.base, p.tail)
	hex.Encode(out[p.gap[0]+1:], cms)
	return out, nil
}

// signing is a Field on its way into an update.
type signing struct {
	Field
	f       *File
	u       *update
	catalog dict
	value   ref   // the signature dictionary
	lock    dict  // of an existing field
	shape   array // Reference
	created ref   // a new field
}

// signature writes the signature dictionary and tells where in it ByteRange and Contents begin.
func (s *signing) signature() (body []byte, byteRange, contents int) {
	var b bytes.Buffer
	kind := name("Sig")
	if s.SubFilter == Timestamp {
		kind = "DocTimeStamp"
	}
	b.WriteString("<<\n/Type ")
	put(&b, kind)
	b.WriteString("\n/Filter ")
	put(&b, name(s.Filter))
	b.WriteString("\n/SubFilter ")
	put(&b, name(s.SubFilter))
	b.WriteString("\n/ByteRange ")
	byteRange = b.Len()
	fmt.Fprintf(&b, "[0 %10s %10s %10s]", "", "", "")
	b.WriteString("\n/Contents ")
	contents = b.Len()
	b.WriteByte('<')
	b.Write(bytes.Repeat([]byte{'0'}, 2*s.Reserve))
	b.WriteByte('>')
	for _, e := range []struct{ key, value string }{
		{"M", date(s.At)}, {"Name", s.SignerName}, {"Reason", s.Reason}, {"Location", s.Location}, {"ContactInfo", s.ContactInfo},
	} {
		if e.value != "" {
			b.WriteString("\n/" + e.key + " ")
			put(&b, encodeText(e.value))
		}
	}
	if len(s.shape) > 0 {
		b.WriteString("\n/Reference ")
		put(&b, s.shape)
	}
	b.WriteString("\n>>")
	return b.Bytes(), byteRange, contents
}

// date writes a time as §7.9.4 says.
func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	_, offset := t.Zone()
	sign := '+'
	if offset < 0 {
		sign, offset = '-', -offset
	}
	return t.Format("D:20060102150405") + fmt.Sprintf("%c%02d'%02d'", sign, offset/3600, offset/60%60)
}

// plan decides where the signature goes and puts every object but the signature dictionary into an update.
func (f *File) plan(field Field) (*signing, error) {
	s := &signing{Field: field, f: f, u: f.update()}
	if err := s.check(); err != nil {
		return nil, err
	}
	v := f.now()
	var err error
	if s.catalog, err = v.catalog(); err != nil {
		return nil, err
	}
	form, fields, err := v.form()
	if err != nil {
		return nil, err
	}
	existing, err := s.choose(fields)
	if err != nil {
		return nil, err
	}
	if err := s.allowed(fields); err != nil {
		return nil, err
	}
	s.value = s.u.reserve()
	if existing != nil {
		err = s.fill(*existing)
	} else {
		err = s.create()
	}
	if err != nil {
		return nil, err
	}
	if err := s.references(); err != nil {
		return nil, err
	}
	return s, s.enter(form, existing == nil)
}

// check fills in what was left open and refuses what contradicts itself.
func (s *signing) check() error {
	if s.SubFilter == "" {
		s.SubFilter = CAdES
	}
	if s.Filter == "" {
		s.Filter = "Adobe.PPKLite"
	}
	if s.Reserve == 0 {
		s.Reserve = DefaultReserve
	}
	stamp := s.SubFilter == Timestamp
	switch {
	case s.SubFilter != CAdES && !stamp:
		return fmt.Errorf("%w: sub-filter", ErrField)
	case s.Reserve < 0 || s.Reserve > limitReserve:
		return fmt.Errorf("%w: reserve", ErrField)
	case s.Certify < 0 || s.Certify > 3 || s.Certify > 0 && stamp:
		return fmt.Errorf("%w: certification level", ErrField)
	case stamp && s.Stamp != nil:
		return fmt.Errorf("%w: a document timestamp shows nothing", ErrField)
	case len(s.Name)+len(s.SignerName)+len(s.Reason)+len(s.Location)+len(s.ContactInfo) > 16<<10:
		return fmt.Errorf("%w: texts too long", ErrField)
	}
	return nil
}

// choose finds the field by its name, or a name for a new one.
func (s *signing) choose(fields []formField) (*formField, error) {
	taken := map[string]bool{}
	for i := range fields {
		taken[fields[i].name] = true
		if s.Name == "" || fields[i].name != s.Name {
			continue
		}
		value, err := s.f.now().resolve(fields[i].value)
		if err != nil {
			return nil, err
		}
		if fields[i].kind != name("Sig") || value != nil {
			return nil, fmt.Errorf("%w: its name is taken", ErrField)
		}
		return &fields[i], nil
	}
	for n := 1; s.Name == ""; n++ {
		if try := "Signature" + strconv.Itoa(n); !taken[try] {
			s.Name = try
		}
	}
	// A full stop would make the name one of a field inside another, which does not exist.
	if slices.Contains([]byte(s.Name), '.') {
		return nil, fmt.Errorf("%w: a full stop in its name", ErrField)
	}
	return nil, nil
}

// allowed holds the signature against what those before it allow.
func (s *signing) allowed(fields []formField) error {
	if s.SubFilter == Timestamp {
		return nil
	}
	p, err := s.f.now().permission(fields)
	if err != nil {
		return err
	}
	if !p.Allows(s.Name) {
		return ErrLocked
	}
	for _, field := range fields {
		if s.Certify > 0 && field.kind == name("Sig") && field.value != nil {
			return fmt.Errorf("%w: only the first signature can certify", ErrLocked)
		}
	}
	return nil
}
