package faoauth

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"chave/internal/core/consent"
	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/service"

	"github.com/boombuler/barcode/qr"
)

// The kinds of requests, as informationType names them (§2.7.1).
const (
	kindSignIn = "QR_AUTHENT"
	kindAllow  = "JWT"
)

// deadlineForm is how replyDeadline is written, by Lisbon's clock.
const deadlineForm = "2006-01-02 15:04"

// qrBody is what a service sends (§2.7.1). Members of no consequence here are read past.
type qrBody struct {
	ConsumerType string          `json:"consumerType"`
	Consumer     string          `json:"consumer"`
	Kind         string          `json:"informationType"`
	Channel      string          `json:"channelCode"`
	Deadline     string          `json:"replyDeadline"`
	Names        nameList        `json:"attributeList"`
	ReplyTo      string          `json:"replyTo"`
	Says         string          `json:"requestDescription"`
	Language     string          `json:"languageDescription"`
	Owner        string          `json:"owner"`
	ForeignOwner json.RawMessage `json:"foreignOwner"`
	Validity     string          `json:"validity"`
}

// waiting is one request that waits for a phone, sealed in its row.
type waiting struct {
	Service  string    `json:"service"`
	Kind     string    `json:"kind"`
	Names    []string  `json:"names"`
	Callback string    `json:"callback"` // checked
	Says     string    `json:"says,omitempty"`
	Owner    string    `json:"owner,omitempty"` // NIC of the one person who may answer
	Validity string    `json:"validity,omitempty"`
	Until    time.Time `json:"until"`
}

// qrAnswer is the answer of the QR-code door, for yes and no alike.
type qrAnswer struct {
	Result result  `json:"result"`
	Number *string `json:"requestNumber"`
	Image  *string `json:"qrCode"`
}

// create takes a request that a person is to decide on their phone (§2.7.1), and returns its number and a picture of it.
func (p *Provider) create(kind string) serve {
	return func(w http.ResponseWriter, r *http.Request) error {
		number, err := p.taken(w, r, kind)
		if err != nil {
			status := jwtStatus(fault.Of(err))
			p.Log.InfoContext(r.Context(), "request refused", "wire", wireQR, "code", fault.Of(err).Code, "status", status, "err", internalOnly(err))
			return answer(w, status, qrAnswer{Result: resultOf(status, fault.Of(err))})
		}
		picture, err := pictureOf(number)
		if err != nil {
			return err
		}
		return answer(w, http.StatusOK, qrAnswer{
			Result: result{Code: "PENDING", Description: "waiting for the person", Message: "waiting for the person"}, Number: &number, Image: &picture,
		})
	}
}

func (p *Provider) taken(w http.ResponseWriter, r *http.Request, kind string) (number string, err error) {
	text, err := readAll(w, r)
	if err != nil {
		return "", err
	}
	s, token, until, err := p.bearer(r)
	if err != nil {
		return "", err
	}
	var body qrBody
	if err := readJSON(text, &body); err != nil {
		return "", err
	}
	ask, err := p.readQR(s, body, kind)
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(ask)
	if err != nil {
		return "", err
	}
	number = uuid(p.Rand)
	err = p.Do(r.Context(), func(tx Tx) error {
		if err := p.once(tx, token, text, until); err != nil {
			return err
		}
		return tx.InsertSingle(grant.Single{Kind: kindQR, Digest: grant.Digest(kindQR, number), Payload: payload, ExpiresAt: ask.Until})
	})
	if err == nil {
		p.count(s, service.ImplicitToken)
	}
	return number, err
}

// readQR checks a request against the sizes of §2.7.1 and the registration. foreignOwner has no documented shape: a request for one named foreigner is refused rather
// than shown to anybody.
func (p *Provider) readQR(s service.Service, body qrBody, kind string) (waiting, error) {
	bad := fault.New(fault.RequestMalformed)
	fits := func(text string, most int) bool { return utf8.RuneCountInString(text) <= most }
	if body.ConsumerType != "ENTITY" || body.Kind != kind || body.Channel == "" || !fits(body.Channel, 45) || !fits(body.Consumer, 9) ||
		!fits(body.Says, 45) || !fits(body.Language, 5) || !fits(body.ReplyTo, 200) || !fits(body.Owner, 8) || !fits(body.Validity, 45) {
		return waiting{}, bad
	}
	if kind == kindSignIn && (body.Owner != "" || body.Validity != "") {
		body.Owner, body.Validity = "", ""
	}
	if kind == kindAllow && body.Owner == "" && len(body.ForeignOwner) > 0 && string(body.ForeignOwner) != "null" && string(body.ForeignOwner) != `""` {
		return waiting{}, fault.New(fault.FeatureUnsupported)
	}
	until, err := time.ParseInLocation(deadlineForm, body.Deadline, p.zone())
	now := p.Now()
	switch {
	case err != nil:
		return waiting{}, bad
	case !now.Before(until):
		return waiting{}, fault.New(fault.MessageStale)
	}
	if longest := now.Add(p.Times.Deadline); longest.Before(until) {
		until = longest
	}
	all, err := readNames(body.Names)
	if err != nil {
		return waiting{}, err
	}
	if _, err := mayAsk(s, all); err != nil {
		return waiting{}, err
	}
	to := body.ReplyTo
	if to == "" {
		to = s.OAuth.Callback
	}
	if !p.mayCallBack(s, to) {
		return waiting{}, fault.New(fault.ReturnNotRegistered)
	}
	return waiting{
		Service: s.ID, Kind: kind, Names: asWritten(all), Callback: to, Says: oneLine(body.Says), Owner: body.Owner, Validity: body.Validity, Until: until.UTC(),
	}, nil
}

func (p *Provider) zone() *time.Location {
	if zone := p.Login.Policy.Zone; zone != nil {
		return zone
	}
	return time.UTC
}

// oneLine keeps what a service says of its request to words.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, s))
}

// asksOf is what a waiting request asks for, by the registration as it is now.
func asksOf(s service.Service, w waiting) ([]consent.Ask, error) {
	all, err := readNames(w.Names)
	if err != nil {
		return nil, err
	}
	return mayAsk(s, all)
}

// pictureOf draws a QR code that holds the number and nothing else, with the quiet zone that scanners need, as base64 of a PNG.
func pictureOf(number string) (string, error) {
	code, err := qr.Encode(number, qr.M, qr.Auto)
	if err != nil {
		return "", fault.New(fault.InternalError).Because(err)
	}
	const dot, quiet = 8, 4 // pixels a module, modules around
	side := code.Bounds().Dx()
	whole := (side + 2*quiet) * dot
	picture := image.NewPaletted(image.Rect(0, 0, whole, whole), color.Palette{color.White, color.Black})
	for y := range side * dot {
		for x := range side * dot {
			if shade, _, _, _ := code.At(x/dot, y/dot).RGBA(); shade == 0 {
				picture.SetColorIndex(x+quiet*dot, y+quiet*dot, 1)
			}
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, picture); err != nil {
		return "", fault.New(fault.InternalError).Because(err)
	}
	return base64.StdEncoding.EncodeToString(file.Bytes()), nil
}

// jwtStatus is the HTTP status of a "no" at the QR-code door.
func jwtStatus(f *fault.Error) int {
	switch f.Code {
	case fault.SignatureMissing, fault.SignatureInvalid, fault.MessageStale, fault.TokenUnknown, fault.TokenExpired, fault.DoorClosed:
		return http.StatusUnauthorized
	case fault.MessageRepeated:
		return http.StatusConflict
	}
	status, _ := apiError(f)
	return status
}
