package faoauth

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // the two forms that phones send
	_ "image/png"
	"io"

	"chave/internal/core/fault"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

const (
	maxPhoto = 10 << 20 // bytes
	maxDots  = 16 << 20 // pixels: a phone's ordinary photograph has 12 million
	maxSide  = 1200     // pixels of what is searched; a code that fills a fifth of the picture is still seen
)

// Read finds the number in a photograph of a QR code, JPEG or PNG. It looks at two at a time at most, each bounded before it is opened: a picture can claim any size.
func (p *Provider) Read(photo io.Reader) (number string, err error) {
	text, err := io.ReadAll(io.LimitReader(photo, maxPhoto+1))
	if err != nil {
		return "", fault.New(fault.RequestMalformed).Because(err)
	}
	if len(text) > maxPhoto {
		return "", fault.New(fault.RequestTooLarge)
	}
	size, _, err := image.DecodeConfig(bytes.NewReader(text))
	if err != nil {
		return "", fault.New(fault.QRUnknown).Because(err)
	}
	if size.Width <= 0 || size.Height <= 0 || size.Width > maxDots/size.Height {
		return "", fault.New(fault.RequestTooLarge)
	}
	if !p.seeing.try() {
		return "", fault.New(fault.TooManyRequests)
	}
	defer p.seeing.free()
	defer func() {
		if cause := recover(); cause != nil { // a picture made to break the reader is a picture without a code
			number, err = "", fault.New(fault.QRUnknown).Because(fmt.Errorf("reader panicked: %v", cause))
		}
	}()
	picture, _, err := image.Decode(bytes.NewReader(text))
	if err != nil {
		return "", fault.New(fault.QRUnknown).Because(err)
	}
	return look(smaller(picture))
}

// look tries the reader three ways: about one code in three hundred is there to be seen and its size is taken wrongly, by a chance of its dots. A straight
// picture of the code alone, and the same turned a quarter, are read by other means.
func look(grey *image.Gray) (string, error) {
	last := error(fault.New(fault.QRUnknown))
	for _, try := range []struct {
		picture image.Image
		hint    gozxing.DecodeHintType
	}{{grey, gozxing.DecodeHintType_TRY_HARDER}, {grey, gozxing.DecodeHintType_PURE_BARCODE}, {turned(grey), gozxing.DecodeHintType_TRY_HARDER}} {
		bitmap, err := gozxing.NewBinaryBitmapFromImage(try.picture)
		if err != nil {
			return "", fault.New(fault.QRUnknown).Because(err)
		}
		found, err := qrcode.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{try.hint: true})
		switch {
		case err != nil:
			last = fault.New(fault.QRUnknown).Because(err)
		case len(found.GetText()) == uuidLength:
			return found.GetText(), nil
		}
	}
	return "", last
}

// turned is the picture a quarter further.
func turned(grey *image.Gray) *image.Gray {
	w, h := grey.Rect.Dx(), grey.Rect.Dy()
	out := image.NewGray(image.Rect(0, 0, h, w))
	for y := range h {
		for x := range w {
			out.Pix[x*out.Stride+h-1-y] = grey.Pix[y*grey.Stride+x]
		}
	}
	return out
}

// smaller is a picture in grey, no longer at its long side than the reader needs; each of its dots is the mean of a few in the square that it stands for.
func smaller(picture image.Image) *image.Gray {
	b := picture.Bounds()
	step := 1
	for max(b.Dx(), b.Dy())/step > maxSide {
		step++
	}
	grey := image.NewGray(image.Rect(0, 0, b.Dx()/step, b.Dy()/step))
	for y := range grey.Rect.Dy() {
		for x := range grey.Rect.Dx() {
			sum, n := 0, 0
			for dy := 0; dy < step; dy += (step + 1) / 2 {
				for dx := 0; dx < step; dx += (step + 1) / 2 {
					shade := color.GrayModel.Convert(picture.At(b.Min.X+x*step+dx, b.Min.Y+y*step+dy)).(color.Gray)
					sum, n = sum+int(shade.Y), n+1
				}
			}
			grey.Pix[y*grey.Stride+x] = uint8(sum / n) // #nosec G115 -- a mean of bytes
		}
	}
	return grey
}
