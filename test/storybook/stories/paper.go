package stories

import (
	"bytes"
	"fmt"
	"net/http"
)

// samples are the addresses at which stories say that documents lie.
func samples(mux *http.ServeMux) {
	for path, text := range map[string]string{"/sign/abc/files/d1": "Contrato de arrendamento", "/sign/abc/files/d2": "Ata da assembleia geral"} {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/pdf")
			_, _ = w.Write(paper(text, 3)) // a development page; a reader who left loses nothing
		})
	}
}

// paper is a small PDF with the same line on every page.
func paper(text string, pages int) []byte {
	var b bytes.Buffer
	var at []int
	object := func(format string, args ...any) {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n"+format+"\nendobj\n", append([]any{len(at)}, args...)...)
	}
	line := fmt.Sprintf("BT /F1 24 Tf 72 720 Td (%s) Tj ET 72 100 m 300 100 l S", text)
	b.WriteString("%PDF-1.7\n")
	object("<< /Type /Catalog /Pages 2 0 R >>")
	kids := ""
	for i := range pages {
		kids += fmt.Sprintf(" %d 0 R", 5+i)
	}
	object("<< /Type /Pages /Kids [%s] /Count %d /MediaBox [0 0 595 842] >>", kids, pages)
	object("<< /Length %d >>\nstream\n%s\nendstream", len(line), line)
	object("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
	for range pages {
		object("<< /Type /Page /Parent 2 0 R /Contents 3 0 R /Resources << /Font << /F1 4 0 R >> >> >>")
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, start)
	return b.Bytes()
}
