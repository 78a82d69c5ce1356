// Package ui owns how every page looks and is sent: the layout, the components, the error page, the auto-post form, the
// language switch, the assets and the headers that keep a page safe. It never decides what a page says about a person:
// the page packages fill view structs, and no rule lives in a template.
//
// How a handler uses it:
//
//	site, err := ui.New(ui.Config{Texts: texts, Now: clock, Demo: true, Sets: []ui.Set{signin.Pages(), portal.Pages()}})
//	site.Mount(mux)                                   // /assets/ and /language
//	view := signin.PIN{Task: signin.Task{             // 1. fill the page's struct with plain data
//		Form:    ui.Form{Action: r.URL.Path, Step: "pin", Problems: ui.Problems(err)}, // a fault finds its field and sentence
//		Service: ui.Service{Name: "Tax", Category: "tax", Return: redirectURI}, At: 2, Of: 3}}
//	site.Render(w, r, http.StatusOK, view)            // 2. send it; language, headers and CSP are chosen here
//	site.Fail(w, r, err)                              // or: any error, as a page with its CH- code and a next step
//	site.AutoPost(w, r, ui.Post{Action: callback, Fields: fields}) // or: hand the browser to a service by POST
//
// Views that pages may show are listed by each package's Pages(); a view without its template stops New.
package ui
