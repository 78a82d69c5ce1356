// Package notify delivers messages to people: SMS, or anything else, through a provider's HTTP interface ([Gateway]), and
// e-mail by SMTP ([Mailer]). [Sender] is what core's outbox calls: it has the text written in the person's language and
// picks the carrier.
//
// # What it promises
//
// Delivery is at least once. When a reply is lost nobody can know whether the message went out; it is then sent again, with
// the same ID, by which a provider can drop the second copy (a Message-ID in e-mail, {{.ID}} in a gateway's template).
//
// Errors are of type [*Error]. Those that trying again cannot mend wrap message.ErrPermanent. No error holds the address, the
// text, or anything the other side said: providers echo what they were sent, and codes must not reach a log.
//
// # What it never does
//
// It keeps no queue, tries nothing twice, writes no log, and decides nothing: which message, to whom, when again and when no
// more are core/message's. It follows no redirects, for a redirected code is a leaked code.
package notify
