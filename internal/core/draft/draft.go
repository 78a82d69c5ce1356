package draft

import (
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"chave/internal/core/citizen"
)

// Part is how many bytes of a document lie in one row. A document's last part may be shorter.
const Part = 1 << 20

// Kind tells what was uploaded from what was made of it.
type Kind string

// Only uploads count against a person's limits: what was signed is as many again at most.
const (
	Upload Kind = "upload"
	Signed Kind = "signed"
)

// Draft is one document. Its name and what is known of it are sealed.
type Draft struct {
	ID        string
	Folder    string
	Person    citizen.ID
	Kind      Kind
	Size      int64 // bytes that have come so far
	CreatedAt time.Time
	ExpiresAt time.Time

	About
}

// About is the sealed part of a draft.
type About struct {
	Name     string `json:"name"`            // as uploaded, cleaned
	Pages    int    `json:"pages,omitempty"` // 0 until it was read
	Complete bool   `json:"complete,omitempty"`
	Level    string `json:"level,omitempty"` // of what was signed: B-B, B-T, B-LT, B-LTA
	Source   string `json:"source,omitempty"`
}

// Folder is one signing under way. It is a row; everything from Content is sealed.
type Folder struct {
	ID        string
	Version   int64 // compare-and-set
	Person    citizen.ID
	CreatedAt time.Time
	ExpiresAt time.Time

	Content
}

// Content is the sealed part of a folder.
type Content struct {
	Drafts     []string  `json:"drafts,omitempty"`  // ids of the uploads, in the order in which they are signed
	Refused    []Refused `json:"refused,omitempty"` // what was uploaded and could not be taken
	Place      Place     `json:"place"`
	Placed     bool      `json:"placed,omitempty"`    // the place was chosen
	At         time.Time `json:"at"`                  // the time that stands in the documents; with it, Place, Lines and Chain, any node makes the same bytes again
	Lines      []string  `json:"lines,omitempty"`     // of the stamp
	KeyID      string    `json:"key_id,omitempty"`    // the key that the documents were prepared for
	Chain      [][]byte  `json:"chain,omitempty"`     // its certificates, DER
	Digests    [][]byte  `json:"digests,omitempty"`   // of what the key signs, one for each of Drafts
	Operation  string    `json:"operation,omitempty"` // of core/signing
	Session    string    `json:"session,omitempty"`   // that the operation is bound to
	Signatures [][]byte  `json:"signatures,omitempty"`
	Results    []string  `json:"results,omitempty"` // ids of the signed drafts, one for each of Drafts
}

// Refused is an uploaded file that was not taken.
type Refused struct {
	Name string `json:"name"`
	Code string `json:"code"` // stable: CH-1731
}

// Place is where the stamp stands. Points from the lower left corner, as the page is displayed.
type Place struct {
	Visible bool    `json:"visible,omitempty"`
	Page    int     `json:"page,omitempty"`   // 1 is the first, -1 the last
	Corner  string  `json:"corner,omitempty"` // bottom_left, bottom_right, top_left, top_right; empty: X and Y count
	X       float64 `json:"x,omitempty"`      // from the left, as a share of the page's width: 0 to 1
	Y       float64 `json:"y,omitempty"`      // of the stamp's lower edge from the bottom, as a share of the height
}

// CleanName makes of an uploaded file's name one that can be shown and saved: no folders, no control or direction characters, at most 200 characters.
func CleanName(typed string) string {
	typed = strings.ToValidUTF8(strings.ReplaceAll(typed, `\`, "/"), "")
	var b strings.Builder
	for _, r := range path.Base("/" + typed) {
		if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co) || strings.ContainsRune(`/:*?"<>|`, r) {
			continue
		}
		b.WriteRune(r)
	}
	name := strings.Trim(b.String(), " .")
	if utf8.RuneCountInString(name) > 200 { // keep the end: it says what sort of file it is
		runes := []rune(name)
		name = string(runes[:150]) + "…" + string(runes[len(runes)-49:])
	}
	if name == "" {
		return "documento.pdf"
	}
	return name
}
