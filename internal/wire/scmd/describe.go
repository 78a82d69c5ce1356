package scmd

import (
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

// describe answers GET: the contract under the addresses that clients' libraries ask for, else a page for people (§1.2). No login: libraries fetch it before they have one.
func (p *Provider) describe(w http.ResponseWriter, r *http.Request, d *door) {
	asked, ok := contractAsked(r.URL.RawQuery)
	switch {
	case !ok:
		p.page(w, d)
	case asked == "wsdl" || asked == "singlewsdl":
		reply(w, http.StatusOK, soapType, d.wsdl(p.Issuer))
	case asked == "wsdl=wsdl0" && d.space != spaceService:
		reply(w, http.StatusOK, soapType, d.abstract())
	default:
		reply(w, http.StatusNotFound, "", nil)
	}
}

// contractAsked reads the query, in any letter case; ok is false when it asks for nothing of the contract.
func contractAsked(query string) (asked string, ok bool) {
	query, err := url.QueryUnescape(query)
	if err != nil {
		return "", false
	}
	query, _, _ = strings.Cut(strings.ToLower(query), "&")
	query = strings.TrimSuffix(query, "=")
	return query, strings.HasPrefix(query, "wsdl") || query == "singlewsdl"
}

var pageText = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="pt">
<head><meta charset="utf-8"><title>{{.Name}}</title></head>
<body>
<h1>{{.Name}}</h1>
<p>Serviço SOAP 1.1 de assinatura. O contrato: <a href="{{.Address}}?wsdl">{{.Address}}?wsdl</a></p>
<p lang="en">A SOAP 1.1 signature service. Its contract is at the address above; operations are called by POST.</p>
</body>
</html>
`))

// page is for whoever opens the address in a browser.
func (p *Provider) page(w http.ResponseWriter, d *door) {
	var text strings.Builder
	if err := pageText.Execute(&text, struct{ Name, Address string }{d.service, p.Issuer + d.address}); err != nil {
		reply(w, http.StatusInternalServerError, "", nil)
		return
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	reply(w, http.StatusOK, "text/html; charset=utf-8", []byte(text.String()))
}
