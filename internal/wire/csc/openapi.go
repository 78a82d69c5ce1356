package csc

import (
	_ "embed"
	"net/http"
)

//go:embed openapi.yaml
var openAPI []byte

// serveOpenAPI gives the description of what is answered here; a test holds real answers against it.
func serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/yaml")
	h.Set("Access-Control-Allow-Origin", "*")
	_, _ = w.Write(openAPI)
}
