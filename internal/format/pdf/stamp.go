package pdf

import (
	"math"
	"strconv"
	"strings"
)

// point writes a length to a thousandth of a point.
func point(f float64) any {
	if f == math.Trunc(f) {
		return int(f)
	}
	s := strings.TrimRight(strconv.FormatFloat(f, 'f', 3, 64), "0")
	return real(strings.TrimSuffix(s, "."))
}

// upright turns a drawing against the page's own turn (§12.5.5: the matrix is applied before the drawing is fitted into the rectangle).
func upright(rotate int) any {
	switch rotate {
	case 90:
		return array{0, 1, -1, 0, 0, 0}
	case 180:
		return array{-1, 0, 0, -1, 0, 0}
	case 270:
		return array{0, -1, 1, 0, 0, 0}
	}
	return nil
}

// appearance draws a stamp of a size, as displayed.
func (u *update) appearance(st Stamp, w, h float64, rotate int) (ref, error) {
	return u.add(stream{dict: pairs("Type", name("XObject"), "Subtype", name("Form"), "BBox", array{0, 0, point(w), point(h)}, "Matrix", upright(rotate))}), nil
}
