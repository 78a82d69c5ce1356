package oauth

import (
	"net/url"
	"strings"
)

// Field is a parameter of an answer. They have an order, because people read addresses.
type Field struct{ Name, Value string }

// WithQuery adds fields to an address and leaves every byte of the address as it was registered.
func WithQuery(address string, fields []Field) string {
	var b strings.Builder
	b.WriteString(address)
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	if strings.HasSuffix(address, "?") || strings.HasSuffix(address, "&") {
		separator = ""
	}
	for _, f := range fields {
		b.WriteString(separator + f.Name + "=" + url.QueryEscape(f.Value))
		separator = "&"
	}
	return b.String()
}
