// Package page is what the demonstration's servers share when they show something to a person:
// the choice of language, texts by key, strict headers, and rendering through a buffer.
//
// It knows nothing of any single page, keeps no state about visitors beyond a language cookie, and
// never loads anything from elsewhere. The product's own pages have their own such package.
package page
