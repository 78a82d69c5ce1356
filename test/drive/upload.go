package drive

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/url"
)

// Upload sends one file as a form with a file field does, and does not follow.
func (b *Browser) Upload(ctx context.Context, u *url.URL, field, name string, content []byte) (Page, error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile(field, name)
	if err != nil {
		return Page{}, err
	}
	if _, err := part.Write(content); err != nil {
		return Page{}, err
	}
	if err := form.Close(); err != nil {
		return Page{}, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), &body)
	if err != nil {
		return Page{}, err
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Origin", u.Scheme+"://"+u.Host)
	return b.send(ctx, r)
}
