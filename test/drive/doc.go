// Package drive is a person's browser, phone and service without a screen: it walks the pages of a sign-in the way docs/testing-your-service.md says
// that a test may, and nothing else. Load, torture and thief tests share it.
//
// It finds the form of a step by its field names, fills it, posts it with every hidden field the page sent, and follows redirects by hand until one leads
// back to the service. Codes come from an Inbox: the tester's door of the demo, or a gateway of our own that a real server sends to.
//
// It is made to be cheap, because in load tests it runs on the cores of the server it measures: connections are kept, one goroutine does a whole
// exchange, and pages are scanned, not parsed into a tree. It never retries: whoever tests crashes must see them.
package drive
