package saml

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"
)

// States of an attribute over Portugal's profile (cmd-authentication.md §1.4.2).
const (
	Available    = "Available"
	NotAvailable = "NotAvailable"
	Withheld     = "Withheld"
)

// Attribute is one that an answer holds.
type Attribute struct {
	Name, Friendly string
	State          string // Available for the standard's profile, which knows no other
	Values         []string
}

// Answer is a success.
type Answer struct {
	Level        int    // 0 when the answer says none
	Class        string // what said it, in the message's words
	NameID       string
	NameFormat   string
	SessionIndex string
	At           time.Time // when the person proved who they are
	Attributes   []Attribute
	XML          string // the octets under the signature
}

// Refused is an answer that is not a success. It is Chave's own word: it was signed.
type Refused struct {
	Top, Second string // status codes without their common prefix, such as "Responder" and "AuthnFailed"
	Message     string
}

func (r *Refused) Error() string { return "refused: " + r.Top + "/" + r.Second }

// How a refusal by the person is told: over Portugal's profile word for word (cmd-authentication.md §1.6.4), over the standard's by Chave's stable code.
const (
	canceled     = "User has canceled the process of obtaining attributes"
	canceledCode = "CH-1108"
)

// Canceled tells whether the person said no.
func (r *Refused) Canceled() bool {
	return r.Second == "AuthnFailed" && (strings.Contains(r.Message, canceled) || strings.HasPrefix(r.Message, canceledCode))
}

// Response reads the answer to a request. A refusal is a *Refused.
func (p *Party) Response(ctx context.Context, encoded, requestID string) (Answer, error) {
	root, chave, err := p.open(ctx, encoded, "Response", p.cfg.ACS)
	if err != nil {
		return Answer{}, err
	}
	if requestID == "" || root.SelectAttrValue("InResponseTo", "") != requestID {
		return Answer{}, errors.New("the answer is to another request")
	}
	if err := status(root); err != nil {
		return Answer{}, err
	}
	assertion, err := p.assertion(root, chave)
	if err != nil {
		return Answer{}, err
	}
	a := Answer{XML: text(root)}
	if err := p.subject(assertion, requestID, &a); err != nil {
		return Answer{}, err
	}
	if err := p.conditions(assertion); err != nil {
		return Answer{}, err
	}
	statement := child(assertion, nsAssertion, "AuthnStatement")
	if statement == nil {
		return Answer{}, errors.New("the assertion does not say how the person signed in")
	}
	if a.At, err = time.Parse(time.RFC3339Nano, statement.SelectAttrValue("AuthnInstant", "")); err != nil {
		return Answer{}, fmt.Errorf("the time of signing in: %w", err)
	}
	a.SessionIndex = statement.SelectAttrValue("SessionIndex", "")
	p.level(root, statement, &a)
	for _, list := range everywhere(assertion, nsAssertion, "AttributeStatement") {
		for _, e := range list.ChildElements() {
			if e.Tag == "Attribute" {
				a.Attributes = append(a.Attributes, attribute(e))
			}
		}
	}
	return a, nil
}

// status is nil for a success.
func status(root *etree.Element) error {
	s := child(root, nsProtocol, "Status")
	if s == nil {
		return errors.New("the answer has no status")
	}
	code := child(s, nsProtocol, "StatusCode")
	if code == nil {
		return errors.New("the answer has no status")
	}
	if code.SelectAttrValue("Value", "") == success {
		return nil
	}
	short := func(e *etree.Element) string {
		if e == nil {
			return ""
		}
		value := e.SelectAttrValue("Value", "")
		return value[strings.LastIndex(value, ":")+1:]
	}
	r := &Refused{Top: short(code), Second: short(child(code, nsProtocol, "StatusCode"))}
	if m := child(s, nsProtocol, "StatusMessage"); m != nil {
		r.Message = m.Text()
	}
	return r
}

// assertion finds the one there is. The standard's profile signs it too, and that signature must hold by itself.
func (p *Party) assertion(root *etree.Element, chave *peer) (*etree.Element, error) {
	all := everywhere(root, nsAssertion, "Assertion")
	if len(all) != 1 || all[0].Parent() != root {
		return nil, fmt.Errorf("the answer holds %d assertions", len(all))
	}
	one := all[0]
	if p.cfg.Profile == Standard {
		cut, err := alone(one)
		if err != nil {
			return nil, err
		}
		if one, err = p.verified(cut, chave); err != nil {
			return nil, fmt.Errorf("assertion: %w", err)
		}
	}
	if issuer := child(one, nsAssertion, "Issuer"); issuer == nil || issuer.Text() != chave.entityID {
		return nil, errors.New("the assertion is another issuer's")
	}
	return one, nil
}

func (p *Party) subject(assertion *etree.Element, requestID string, a *Answer) error {
	subject := child(assertion, nsAssertion, "Subject")
	if subject == nil {
		return errors.New("the assertion is about nobody")
	}
	if name := child(subject, nsAssertion, "NameID"); name != nil {
		a.NameID, a.NameFormat = name.Text(), name.SelectAttrValue("Format", "")
	}
	confirmation := child(subject, nsAssertion, "SubjectConfirmation")
	if confirmation == nil || confirmation.SelectAttrValue("Method", "") != bearer {
		return errors.New("the assertion is not for its bearer")
	}
	data := child(confirmation, nsAssertion, "SubjectConfirmationData")
	if data == nil {
		return errors.New("the assertion does not say for whom and how long")
	}
	end, err := time.Parse(time.RFC3339Nano, data.SelectAttrValue("NotOnOrAfter", ""))
	switch {
	case err != nil || !p.cfg.Now().Before(end.Add(skew)):
		return errors.New("the assertion has expired")
	case data.SelectAttrValue("Recipient", "") != p.cfg.ACS:
		return errors.New("the assertion is for another address")
	case data.SelectAttrValue("InResponseTo", "") != requestID:
		return errors.New("the assertion is about another request")
	}
	return nil
}

func (p *Party) conditions(assertion *etree.Element) error {
	conditions := child(assertion, nsAssertion, "Conditions")
	if conditions == nil {
		return errors.New("the assertion has no conditions")
	}
	now := p.cfg.Now()
	begin, err1 := time.Parse(time.RFC3339Nano, conditions.SelectAttrValue("NotBefore", ""))
	end, err2 := time.Parse(time.RFC3339Nano, conditions.SelectAttrValue("NotOnOrAfter", ""))
	if err1 != nil || err2 != nil || now.Add(skew).Before(begin) || !now.Before(end.Add(skew)) {
		return errors.New("the assertion does not hold now")
	}
	restrictions := 0
	for _, c := range conditions.ChildElements() {
		if c.Tag != "AudienceRestriction" {
			continue
		}
		restrictions++
		mine := false
		for _, audience := range everywhere(c, nsAssertion, "Audience") {
			mine = mine || audience.Text() == p.cfg.EntityID
		}
		if !mine {
			return errors.New("the assertion is for another audience")
		}
	}
	if restrictions == 0 {
		return errors.New("the assertion is for no audience")
	}
	return nil
}

// level reads how sure Chave is: from the extension over Portugal's profile, from the authentication context over the standard's.
func (p *Party) level(root, statement *etree.Element, a *Answer) {
	if p.cfg.Profile == FA {
		for _, e := range everywhere(root, nsAttributes, "FAAALevel") {
			if n, err := strconv.Atoi(strings.TrimSpace(e.Text())); err == nil && n >= 1 && n <= 4 {
				a.Level, a.Class = n, "FAAALevel "+strconv.Itoa(n)
			}
		}
		return
	}
	for _, e := range everywhere(statement, nsAssertion, "AuthnContextClassRef") {
		a.Class = e.Text()
		if n, err := strconv.Atoi(strings.TrimPrefix(a.Class, "urn:chave:level:")); err == nil && n >= 1 && n <= 4 {
			a.Level = n
		}
	}
}

func attribute(e *etree.Element) Attribute {
	a := Attribute{Name: e.SelectAttrValue("Name", ""), Friendly: e.SelectAttrValue("FriendlyName", ""), State: Available}
	for _, at := range e.Attr {
		if at.Key == "AttributeStatus" && at.NamespaceURI() == nsAttributes {
			a.State = at.Value
		}
	}
	for _, c := range e.ChildElements() {
		if c.Tag == "AttributeValue" {
			a.Values = append(a.Values, c.Text())
		}
	}
	return a
}

func text(e *etree.Element) string {
	doc := etree.NewDocument()
	doc.SetRoot(e.Copy())
	out, err := doc.WriteToString()
	if err != nil {
		return ""
	}
	return out
}
