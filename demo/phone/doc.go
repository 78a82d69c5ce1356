// Package phone is the demonstration's phone and its tester's door, on one port of their own.
//
// It takes the text messages Chave hands to its SMS gateway (POST /sms) and the e-mail it hands to
// its mail server (ServeSMTP), keeps the last few for each recipient in memory, and shows them: to
// people on a page that looks like a phone, to programs as JSON. Beside the inbox, the door lists
// people and services, moves the clock and starts over; these reach the product only through the
// functions in Config. docs/testing-your-service.md is its contract.
//
// The door answers only to its own host name and refuses foreign origins, because a page from
// elsewhere could otherwise read codes through the visitor's browser. It exists only in a
// demonstration, where people are made up and their codes worthless. It keeps nothing on disk.
package phone
