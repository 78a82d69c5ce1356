package pdf

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"image"
	"image/color"
)

// The bounds of a stamp's picture, in pixels.
const (
	limitPicture = 4096 // either side, as given
	keptPicture  = 600  // either side, as embedded
)

// picture embeds an image on white: stamps must look the same in programs that know no transparency, and in archives that forbid it.
// Its octets depend on the image alone.
func (u *update) picture(p image.Image) (r ref, w, h int, err error) {
	b := p.Bounds()
	if b.Dx() < 1 || b.Dy() < 1 || b.Dx() > limitPicture || b.Dy() > limitPicture {
		return ref{}, 0, 0, fmt.Errorf("%w: size of the picture", ErrField)
	}
	step := (max(b.Dx(), b.Dy()) + keptPicture - 1) / keptPicture
	w, h = (b.Dx()+step-1)/step, (b.Dy()+step-1)/step
	pixels := make([]byte, 0, 3*w*h)
	for y := b.Min.Y; y < b.Max.Y; y += step {
		for x := b.Min.X; x < b.Max.X; x += step {
			pixels = append(pixels, average(p, image.Rect(x, y, x+step, y+step).Intersect(b))...)
		}
	}
	var z bytes.Buffer
	c := zlib.NewWriter(&z)
	if _, err = c.Write(pixels); err == nil {
		err = c.Close()
	}
	return u.add(stream{
		dict: pairs("Type", name("XObject"), "Subtype", name("Image"), "Width", w, "Height", h,
			"ColorSpace", name("DeviceRGB"), "BitsPerComponent", 8, "Filter", name("FlateDecode")),
		data: z.Bytes(),
	}), w, h, err
}

// average mixes the pixels of a rectangle over white.
func average(p image.Image, r image.Rectangle) []byte {
	var sum [3]uint64
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			red, green, blue, alpha := color.RGBA64Model.Convert(p.At(x, y)).RGBA()
			for i, v := range []uint32{red, green, blue} {
				sum[i] += uint64(v) + 0xffff - uint64(alpha)
			}
		}
	}
	n := uint64(r.Dx() * r.Dy())
	return []byte{byte(sum[0] / n >> 8), byte(sum[1] / n >> 8), byte(sum[2] / n >> 8)}
}
