package faoauth

import (
	"fmt"
	"io"

	"chave/internal/core/random"
)

const uuidLength = 36

// uuid is a random UUID, version 4 (RFC 9562 §5.4), in lower case: what clients of this door can take for a token (§2.2). 122 of its bits are random.
func uuid(source io.Reader) string {
	b := random.Bytes(source, 16)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
