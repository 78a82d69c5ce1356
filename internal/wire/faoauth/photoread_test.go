package faoauth

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"image/png"
	"testing"
)

// About one code in three hundred has dots by which the reader alone takes its size wrongly. None of ours may be such that no phone's picture of it is read.
func TestRead_finds_every_number_in_the_picture_that_we_draw(t *testing.T) {
	numbers := []string{"e0d118a9-7ba0-46bf-ae0e-7c6f0eb49201", "55b6a9e8-e86e-44f4-a128-60faa5ce5d38"} // two of those
	for range 60 {
		numbers = append(numbers, uuid(rand.Reader))
	}
	for _, number := range numbers {
		drawn, err := pictureOf(number)
		if err != nil {
			t.Fatal(err)
		}
		file, err := base64.StdEncoding.DecodeString(drawn)
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := look(smaller(picture)); err != nil || got != number {
			t.Errorf("%s was read as %q, %v", number, got, err)
		}
	}
}
