package main

import (
	"bytes"
	"fmt"
	"time"

	"chave/internal/core/certificate"
	"chave/internal/core/citizen"
)

// paper is a PDF of one page with a line of text.
func paper() []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	text := "BT /F1 24 Tf 72 720 Td (Contrato de arrendamento) Tj ET"
	var at []int
	for i, body := range []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 /MediaBox [0 0 595 842] >>",
		"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%s\nendstream", len(text), text),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
	} {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, body)
	}
	table := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, offset := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, table)
	return b.Bytes()
}

func subject(person citizen.Person, public []byte, until time.Time) certificate.Subject {
	return certificate.Subject{Person: person, Public: public, NotAfter: until}
}
