package text

import "time"

// Message writes what a person receives: the texts `message.KIND.sms`, or `.subject` and `.body` for an e-mail (an SMS has no subject).
// data are the message's own values by lower-case name (code, service, minutes); at is when it happened and notAfter when what it
// carries ends, zero for never.
func (c *Catalogue) Message(lang Lang, kind string, sms bool, data map[string]string, at, notAfter time.Time) (subject, body string) {
	args := []any{"when", c.Moment(lang, at), "until", ""}
	if !notAfter.IsZero() {
		args[3] = c.Clock(lang, notAfter)
	}
	for name, value := range data {
		args = append(args, name, value)
	}
	if sms {
		return "", c.T(lang, "message."+kind+".sms", args...)
	}
	return c.T(lang, "message."+kind+".subject", args...), c.T(lang, "message."+kind+".body", args...)
}
