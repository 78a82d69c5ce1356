package pdf

import (
	"bytes"
	"crypto"
	"slices"
	"time"
)

// Signature is one signature, or document timestamp, that a file carries.
type Signature struct {
	Field     string   // full name of its field
	SubFilter string   // CAdES, Timestamp, or another maker's
	Contents  []byte   // the octets of the signature, with the zeros that fill its place
	ByteRange [4]int64 // as written; trust it only when Covers holds
	Timestamp bool     // a document timestamp
	Certify   int      // the DocMDP level it states, 0: none

	At          time.Time // claimed by the signer (M); zero when it says nothing readable
	Name        string    // claimed
	Reason      string
	Location    string
	ContactInfo string
	Page        int // where it is shown; 0: invisible
	Revision    int // which of the file's revisions it closes, from 1
	Revisions   int // how many the file has

	// Covers: it speaks of every octet of the file up to and including its revision, except its own Contents. Without that it proves nothing.
	Covers bool
	// CoversAll: nothing was added behind it.
	CoversAll bool
	// Changes is what later revisions did; empty when CoversAll.
	Changes []Change

	data []byte
}

// Digest is the hash of the octets that the signature speaks of; nil when its ranges do not lie in the file.
func (s Signature) Digest(h crypto.Hash) []byte {
	r := s.ByteRange
	if !within(r, len(s.data)) {
		return nil
	}
	d := h.New()
	d.Write(s.data[r[0] : r[0]+r[1]])
	d.Write(s.data[r[2] : r[2]+r[3]])
	return d.Sum(nil)
}

// Signed gives the octets of the file up to the end of what the signature covers: the document as its signer had it. Nil unless Covers.
func (s Signature) Signed() []byte {
	if !s.Covers {
		return nil
	}
	end := s.ByteRange[2] + s.ByteRange[3]
	return s.data[:end:end]
}

// within checks two ranges that lie in the file, the second behind the first.
func within(r [4]int64, size int) bool {
	n := int64(size)
	for _, v := range r {
		if v < 0 || v > n {
			return false
		}
	}
	return r[0]+r[1] <= r[2] && r[2]+r[3] <= n
}

// Signatures lists the signatures in the order in which they were made. Errors: ErrDamaged, ErrTooComplex.
func (f *File) Signatures() ([]Signature, error) {
	v := f.now()
	_, fields, err := v.form()
	if err != nil {
		return nil, err
	}
	var list []Signature
	for _, field := range fields {
		if field.kind != name("Sig") || field.value == nil {
			continue
		}
		s, err := v.signature(field)
		if err != nil {
			return nil, err
		}
		if s != nil {
			list = append(list, *s)
		}
	}
	slices.SortStableFunc(list, func(a, b Signature) int { return a.Revision - b.Revision })
	if err := f.account(list); err != nil {
		return nil, err
	}
	return list, nil
}

func (v view) signature(field formField) (*Signature, error) {
	d, err := v.dict(field.value)
	if err != nil || d == nil {
		return nil, err
	}
	s := &Signature{Field: field.name, data: v.f.data, Revisions: len(v.f.revisions)}
	sub, _ := d.at("SubFilter").(name)
	s.SubFilter = string(sub)
	s.Timestamp = d.at("Type") == name("DocTimeStamp") || s.SubFilter == Timestamp
	contents, _ := d.at("Contents").(text)
	s.Contents = []byte(contents)
	for key, slot := range map[name]*string{"Name": &s.Name, "Reason": &s.Reason, "Location": &s.Location, "ContactInfo": &s.ContactInfo} {
		if *slot, err = v.text(d.at(key)); err != nil {
			return nil, err
		}
	}
	when, err := v.text(d.at("M"))
	if err != nil {
		return nil, err
	}
	s.At = parseDate(when)
	ranges, err := v.array(d.at("ByteRange"))
	if err != nil {
		return nil, err
	}
	whole := len(ranges) == 4
	for i := 0; i < 4 && whole; i++ {
		var n int
		n, whole = ranges[i].(int)
		s.ByteRange[i] = int64(n)
	}
	var p Permission
	if err := v.references(&p, d); err != nil {
		return nil, err
	}
	s.Certify = p.Level
	if err := v.locate(s, field, d, whole); err != nil {
		return nil, err
	}
	s.Page, err = v.shown(field)
	return s, err
}

// locate decides what the signature covers: its ranges must begin the file, leave out exactly its own Contents, and end where its revision ends. A range that
// leaves out more, or that stops elsewhere, is how a file with other content is passed off as signed.
func (v view) locate(s *Signature, field formField, d dict, whole bool) error {
	holder := field.ref
	if r, ok := field.value.(ref); ok {
		holder = r
	}
	p := v.f.place(holder.num, v.revision)
	if p == nil || p.kind != plain {
		s.Revision = len(v.f.revisions)
		return nil // packed away: its octets cannot be told from the others
	}
	s.Revision = int(p.revision) + 1
	own, ok := d.entry("Contents")
	if !ok || !whole || !within(s.ByteRange, len(v.f.data)) {
		return nil
	}
	_, end, err := v.read(p, 0)
	if err != nil {
		return err
	}
	r := s.ByteRange
	gap := v.f.data[r[1]:r[2]]
	covered := int(r[2] + r[3])
	revision := v.f.revisions[p.revision]
	s.Covers = r[0] == 0 && int(r[1]) == own.from && int(r[2]) == own.to && own.from > p.at && own.to < end &&
		len(gap) > 2 && gap[0] == '<' && gap[len(gap)-1] == '>' && covered >= revision.end && covered <= revision.next
	s.CoversAll = s.Covers && s.Revision == len(v.f.revisions) && len(bytes.Trim(v.f.data[covered:], "\r\n")) == 0
	return nil
}

// shown finds the page on which a field's widget has an area; 0 when it is nowhere to be seen.
func (v view) shown(field formField) (int, error) {
	for _, r := range field.widgets {
		d, err := v.dict(r)
		if err != nil {
			return 0, err
		}
		b, err := v.box(d.at("Rect"))
		if err != nil {
			return 0, err
		}
		if flags, _ := d.at("F").(int); b == nil || flags&2 != 0 {
			continue
		}
		list, err := v.f.pages()
		if err != nil {
			return 0, err
		}
		for i, p := range list {
			if p.ref == d.at("P") {
				return i + 1, nil
			}
		}
		for i, p := range list { // P is optional
			page, err := v.dict(p.ref)
			if err != nil {
				return 0, err
			}
			annots, err := v.array(page.at("Annots"))
			if err != nil {
				return 0, err
			}
			if slices.Contains(annots, any(r)) {
				return i + 1, nil
			}
		}
	}
	return 0, nil
}

// parseDate reads §7.9.4 dates of any precision; zero when it is none.
func parseDate(s string) time.Time {
	if len(s) < 2 || s[:2] != "D:" {
		return time.Time{}
	}
	s = s[2:]
	digits := 0
	for digits < len(s) && digits < 14 && digit(s[digits]) {
		digits++
	}
	const full = "20060102150405"
	if digits < 4 || digits%2 != 0 {
		return time.Time{}
	}
	zone := bytes.ReplaceAll([]byte(s[digits:]), []byte("'"), nil)
	if len(zone) == 0 || zone[0] == 'Z' {
		zone = []byte("+0000")
	} else if len(zone) == 3 {
		zone = append(zone, "00"...)
	}
	t, err := time.Parse(full[:digits]+"-0700", s[:digits]+string(zone))
	if err != nil {
		return time.Time{}
	}
	return t
}
