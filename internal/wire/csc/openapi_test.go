package csc_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

var spec = sync.OnceValues(func() (*openapi3.T, error) {
	text, err := os.ReadFile("openapi.yaml")
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(context.Background())
})

// described holds a real answer against the OpenAPI file: every answer that a test of this package gets goes through here.
func described(t testing.TB, path, method string, got page) {
	t.Helper()
	doc, err := spec()
	if err != nil {
		t.Fatal(err)
	}
	item := doc.Paths.Find(path)
	if item == nil || item.GetOperation(method) == nil {
		return // a path or method that is not there
	}
	req, _ := http.NewRequest(method, "http://localhost/csc/v2"+path, nil)
	err = openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{
			Request: req, Route: &routers.Route{Spec: doc, Path: path, PathItem: item, Method: method, Operation: item.GetOperation(method)},
		},
		Status: got.status, Header: got.header, Body: io.NopCloser(bytes.NewReader(got.body)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		t.Errorf("%s %d is not what the OpenAPI file says: %v\n%s", path, got.status, err, got.body)
	}
}

func TestS13_openapi_file_is_valid_and_served(t *testing.T) {
	if _, err := spec(); err != nil {
		t.Fatal(err)
	}
	r := newRig(t)
	want, _ := os.ReadFile("openapi.yaml")
	got := r.browser().get("/csc/v2/openapi.yaml")
	if got.status != http.StatusOK || !bytes.Equal(got.body, want) {
		t.Errorf("served %d, %d bytes", got.status, len(got.body))
	}
}

func TestS13_every_endpoint_is_described(t *testing.T) {
	doc, err := spec()
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t)
	for _, path := range doc.Paths.InMatchingOrder() {
		if path == "/oauth2/authorize" {
			continue
		}
		if got := r.call("", path[1:], map[string]any{}); got.status == http.StatusNotImplemented {
			t.Errorf("%s is described and not there", path)
		}
	}
	for _, method := range r.call("", "info", "{}").json(t)["methods"].([]any) {
		if doc.Paths.Find("/"+method.(string)) == nil {
			t.Errorf("%s is offered and not described", method)
		}
	}
}
