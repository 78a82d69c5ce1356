// Package browser holds the journeys that people make, in headless Chromium, at the width of a phone and of a desk: from the counter to the first
// sign-in, with one sign-in for many services, by keyboard alone, without script, in both languages. It also puts every page of the storybook, in every
// state, before axe.
//
//	make browser                                        all of it; pictures of every step are kept under out/browser
//	go test -tags browser ./test/browser -args -pictures  and the pictures of the documents are taken anew
//
// It drives a demonstration that it starts itself, and sees only what a person sees: pages and the phone. What each page says is tested beside the page.
package browser
