// Package fasaml speaks SAML the way CMD's authentication provider (the FA) does, so that a service which signs people in there needs a new host name and a
// certificate, and no new code (cmd-authentication.md part 1).
//
//	POST /fa/Default.aspx ─▶ believe ─▶ check ─▶ store ─▶ GET /fa/begin ─▶ login.Begin ─▶ (pages) ─▶ /fa/resume ─▶ login.Finish ─▶ sign ─▶ POST to the service
//
// The browser arrives by another site's form, without our cookies; so a request is verified and stored there, and goes on at an address of ours.
// Nothing of a message is believed before its signature holds under a key that the operator registered, and then only what was signed. What is wrong with a believed request is told
// to the service, signed like any answer; what is wrong before that is a page of ours, and nothing is posted.
//
// Answers are written from fixed templates: services read them by spelling, so prefixes and the order of attributes are part of the wire (§1.6.2).
//
// The package never signs for another wire, never reports a level above the one reached, never lets a modern session stand for a sign-in here nor the other
// way round, and never posts to an address that is not registered.
package fasaml
