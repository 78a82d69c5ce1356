package scmd

import (
	"regexp"
	"strings"

	"chave/internal/core/fault"
)

var guidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// applicationID finds the ApplicationId of a call, wherever its operation has it. It is the text of a GUID, in base64 because the contract says so (§1.6).
func (c *call) applicationID() (string, bool) {
	if b, ok := c.args.binary("applicationId"); ok {
		return guid(b)
	}
	request, err := c.request()
	if err != nil {
		return "", false
	}
	b, _ := request.binary("ApplicationId")
	return guid(b)
}

func guid(b []byte) (string, bool) {
	text := strings.TrimSpace(string(b))
	return text, len(text) == 36 && guidForm.MatchString(text)
}

// request reads the structure "request", empty when it did not come.
func (c *call) request() (values, error) {
	for _, m := range c.op.in {
		if m.name == "request" {
			v, err := read(c.args.inside["request"], c.door.members(m.kind))
			c.extra = c.extra || v.extra
			return v, err
		}
	}
	return values{}, nil
}

// checkApplication compares what a call says with who logged in. Another's id is an answer with a code, not a 401 (§1.5).
func (c *call) checkApplication(v values, member string) error {
	b, ok := v.binary(member)
	if !ok {
		return missing(member)
	}
	id, ok := guid(b)
	if !ok {
		return missing(member)
	}
	if !strings.EqualFold(id, c.service.SCMD.ApplicationID) {
		return refuse(codeGeneric, member, sayMismatch, fault.ServiceUnknown)
	}
	return nil
}
