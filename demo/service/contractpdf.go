package service

import (
	"bytes"
	"fmt"
	"time"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

// contractPDF writes a contract of one page: PDF 1.7, a classic cross-reference table, a font that every reader has.
func contractPDF(lang, bank, person string, at time.Time) []byte {
	title, lines := "Account contract", []string{
		"Between " + bank + " and " + person + ".", "", "1. The bank opens an account and keeps it free of charge.", "2. Either side may end this contract at any time, in writing.",
		"3. This is a demonstration: bank, person and account are made up.", "", at.UTC().Format("2 January 2006"),
	}
	if lang == "pt" {
		title, lines = "Contrato de conta", []string{
			"Entre " + bank + " e " + person + ".", "", "1. O banco abre uma conta e não cobra por ela.", "2. Qualquer das partes pode acabar este contrato quando quiser, por escrito.",
			"3. Isto é uma demonstração: banco, pessoa e conta são inventados.", "", at.UTC().Format("02/01/2006"),
		}
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "BT /F1 22 Tf 72 740 Td %s Tj /F1 12 Tf 0 -44 Td 18 TL\n", literal(title))
	for _, line := range lines {
		fmt.Fprintf(&text, "%s Tj T*\n", literal(line))
	}
	text.WriteString("ET\n")

	var out bytes.Buffer
	out.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 4 0 R >> >> /Contents 5 0 R >>",
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%sendstream", text.Len(), text.String()),
		"<< /Title " + literal(title) + " >>",
	}
	var places []int
	for i, body := range objects {
		places = append(places, out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, body)
	}
	table := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, at := range places {
		fmt.Fprintf(&out, "%010d 00000 n \n", at)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root 1 0 R /Info 6 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, table)
	return out.Bytes()
}

// literal writes a string object in the font's encoding. Letters that it lacks lose their marks, and at worst become a question mark: the certificate has the name in full.
func literal(text string) string {
	var b bytes.Buffer
	b.WriteByte('(')
	for _, r := range norm.NFC.String(text) {
		c, ok := charmap.Windows1252.EncodeRune(r)
		if !ok {
			c = '?'
			if base := []rune(norm.NFD.String(string(r))); base[0] < 0x80 {
				c = byte(base[0])
			}
		}
		if c < 0x20 || c > 0x7e || c == '(' || c == ')' || c == '\\' {
			fmt.Fprintf(&b, "\\%03o", c)
			continue
		}
		b.WriteByte(c)
	}
	b.WriteByte(')')
	return b.String()
}
