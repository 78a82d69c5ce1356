package pdf

import (
	"math"
	"strconv"
)

// leaf is one page: where it is and what it inherits.
type leaf struct {
	ref    ref
	box    box // what is shown: crop box within media box
	rotate int // clockwise, 0, 90, 180 or 270
}

// box is a rectangle in a page's own coordinates, in points; x1, y1 are the greater ones.
type box struct{ x0, y0, x1, y1 float64 }

// Pages tells how many pages the document shows now.
func (f *File) Pages() int {
	list, err := f.pages()
	if err != nil {
		return 0
	}
	return len(list)
}

// PageSize is the size of a page as displayed, in points, and by how much it is turned for display (clockwise, in degrees). Pages count from 1.
// Errors: ErrPlace, ErrDamaged, ErrTooComplex.
func (f *File) PageSize(n int) (w, h float64, rotate int, err error) {
	p, err := f.page(n)
	if err != nil {
		return 0, 0, 0, err
	}
	w, h = p.size()
	return w, h, p.rotate, nil
}

func (p leaf) size() (w, h float64) {
	w, h = p.box.x1-p.box.x0, p.box.y1-p.box.y0
	if p.rotate%180 != 0 {
		return h, w
	}
	return w, h
}

func (f *File) page(n int) (leaf, error) {
	list, err := f.pages()
	if err != nil {
		return leaf{}, err
	}
	if n < 1 || n > len(list) {
		return leaf{}, ErrPlace
	}
	return list[n-1], nil
}

func (f *File) pages() ([]leaf, error) {
	if f.leaves == nil {
		list, err := f.now().pages()
		if err != nil {
			return nil, err
		}
		f.leaves = list
	}
	return f.leaves, nil
}

// inherited is what a node of the page tree hands down (§7.7.3.4).
type inherited struct{ media, crop, rotate any }

func (v view) pages() ([]leaf, error) {
	root, err := v.catalog()
	if err != nil {
		return nil, err
	}
	top, ok := root.at("Pages").(ref)
	if !ok {
		return nil, damaged("the catalog names no pages")
	}
	w := pageWalk{v: v, seen: map[ref]bool{}}
	if err := w.node(top, inherited{}, 0); err != nil {
		return nil, err
	}
	if len(w.found) == 0 {
		return nil, damaged("no pages")
	}
	return w.found, nil
}

type pageWalk struct {
	v     view
	seen  map[ref]bool // inner nodes
	found []leaf
}

func (w *pageWalk) node(r ref, above inherited, depth int) error {
	if depth > limitNesting {
		return tooComplex("the page tree is too deep")
	}
	d, err := w.v.dict(r)
	if err != nil {
		return err
	}
	if d == nil {
		return damaged("a page is missing")
	}
	for key, slot := range map[name]*any{"MediaBox": &above.media, "CropBox": &above.crop, "Rotate": &above.rotate} {
		if value := d.at(key); value != nil {
			*slot = value
		}
	}
	kids := d.at("Kids")
	if kids == nil {
		if len(w.found) == limitPages {
			return tooComplex("pages")
		}
		p, err := w.v.leaf(r, above)
		w.found = append(w.found, p)
		return err
	}
	if w.seen[r] {
		return damaged("the page tree bites its tail")
	}
	w.seen[r] = true
	list, err := w.v.array(kids)
	if err != nil {
		return err
	}
	for _, kid := range list {
		below, ok := kid.(ref)
		if !ok {
			return damaged("a page is no reference")
		}
		if err := w.node(below, above, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (v view) leaf(r ref, from inherited) (leaf, error) {
	p := leaf{ref: r}
	media, err := v.box(from.media)
	if err != nil {
		return p, err
	}
	if media == nil {
		media = &box{0, 0, 612, 792} // what programs take where the required entry is missing
	}
	p.box = *media
	crop, err := v.box(from.crop)
	if err != nil {
		return p, err
	}
	if crop != nil {
		cut := box{math.Max(media.x0, crop.x0), math.Max(media.y0, crop.y0), math.Min(media.x1, crop.x1), math.Min(media.y1, crop.y1)}
		if cut.x1 > cut.x0 && cut.y1 > cut.y0 {
			p.box = cut
		}
	}
	turn, err := v.resolve(from.rotate)
	if err != nil {
		return p, err
	}
	if n, ok := turn.(int); ok && n%90 == 0 {
		p.rotate = (n%360 + 360) % 360
	}
	return p, nil
}

// box reads a rectangle of any two opposite corners (§7.9.5); nil when there is none, or none with an area.
func (v view) box(value any) (*box, error) {
	list, err := v.array(value)
	if err != nil || len(list) != 4 {
		return nil, err
	}
	var n [4]float64
	for i := range n {
		item, err := v.resolve(list[i])
		if err != nil {
			return nil, err
		}
		var ok bool
		if n[i], ok = numeric(item); !ok {
			return nil, damaged("a rectangle of other things than numbers")
		}
	}
	b := &box{math.Min(n[0], n[2]), math.Min(n[1], n[3]), math.Max(n[0], n[2]), math.Max(n[1], n[3])}
	if b.x1 <= b.x0 || b.y1 <= b.y0 {
		return nil, nil
	}
	return b, nil
}

func numeric(value any) (float64, bool) {
	switch n := value.(type) {
	case int:
		return float64(n), n > -1e9 && n < 1e9
	case real:
		f, err := strconv.ParseFloat(string(n), 64)
		return f, err == nil && math.Abs(f) < 1e9
	}
	return 0, false
}

// user turns a rectangle as displayed, measured from the lower left of what is shown, into the page's own coordinates.
func (p leaf) user(x, y, w, h float64) box {
	b := p.box
	switch p.rotate {
	case 90:
		return box{b.x1 - y - h, b.y0 + x, b.x1 - y, b.y0 + x + w}
	case 180:
		return box{b.x1 - x - w, b.y1 - y - h, b.x1 - x, b.y1 - y}
	case 270:
		return box{b.x0 + y, b.y1 - x - w, b.x0 + y + h, b.y1 - x}
	}
	return box{b.x0 + x, b.y0 + y, b.x0 + x + w, b.y0 + y + h}
}
