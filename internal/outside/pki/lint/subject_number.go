package lint

import (
	"errors"
	"regexp"
)

// numberForm is civil number without check digit, or document type, country, number.
var numberForm = regexp.MustCompile(`^(BI[0-9]{8}|(PAS|TR|CR)[A-Z]{2,3}-[A-Z0-9]{1,40})$`)

// subjectNumber is what makes a subject unique (S8). CMD's clients read it.
func subjectNumber() Rule {
	return Rule{"subject_number", "cmd-signature.md §5.2; S8", func(c Candidate) error {
		number := c.Cert.Subject.SerialNumber
		switch {
		case c.Kind == Person && !numberForm.MatchString(number):
			return errors.New("the subject's serialNumber has no form that clients know") // never the number itself: errors are logged
		case c.Kind != Person && number != "":
			return errors.New("an authority with a person's number")
		}
		return nil
	}}
}
