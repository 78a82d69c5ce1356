package faoauth

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"time"

	"chave/internal/core/consent"
	"chave/internal/core/fault"
	"chave/internal/core/grant"
)

// contextRow is one reading of attributes that was begun (§2.3.1).
type contextRow struct {
	Token   []byte    `json:"token"` // digest of the token that began it
	Names   []string  `json:"names"` // as asked, in order
	Started time.Time `json:"started"`
}

// start begins a reading (§2.3.1). What other bodies hold is asked of them now, in the background, so that the first collect finds what we hold ourselves at once.
func (p *Provider) start(w http.ResponseWriter, r *http.Request) error {
	body, err := readAPI(w, r)
	if err != nil {
		return err
	}
	h, err := p.shown(w, r, body.Token, "start")
	if err != nil {
		return err
	}
	id, err := p.open(r.Context(), h, body.Names)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, struct {
		Token   string `json:"token"`
		Context string `json:"authenticationContextId"`
	}{h.token, id})
}

// open writes the context of a reading and lets the sources be asked.
func (p *Provider) open(ctx context.Context, h held, names []string) (id string, err error) {
	if names, err = h.namesOr(names); err != nil {
		return "", err
	}
	id = uuid(p.Rand)
	payload, err := json.Marshal(contextRow{Token: h.digest, Names: names, Started: p.Now()})
	if err != nil {
		return "", err
	}
	err = p.Do(ctx, func(tx Tx) error {
		return tx.InsertSingle(grant.Single{
			Kind: kindContext, Digest: grant.Digest(kindContext, id), Payload: payload, Family: h.family.ID, ExpiresAt: h.expires,
		})
	})
	if err != nil {
		return "", err
	}
	p.askLater(ctx, h, id, names)
	return id, nil
}

// namesOr is the names that were asked for now, or all of the token's.
func (h held) namesOr(names []string) ([]string, error) {
	if len(names) == 0 {
		return h.agreed.Names, nil
	}
	if len(names) > maxNames {
		return nil, fault.New(fault.AttributesInvalid)
	}
	for _, name := range names {
		if len(name) > maxName {
			return nil, fault.New(fault.AttributesInvalid)
		}
	}
	return names, nil
}

// collect tells what is known by now (§2.3.2). It may be asked again until the token ends.
func (p *Provider) collect(w http.ResponseWriter, r *http.Request) error {
	q, ok := readQuery(r.URL.RawQuery)
	if !ok {
		return fault.New(fault.RequestTooLarge)
	}
	body, err := q.api()
	if err != nil {
		return err
	}
	h, err := p.shown(w, r, body.Token, "collect "+body.Context)
	if err != nil {
		return err
	}
	list, _, err := p.gathered(r.Context(), h, body.Context)
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, list)
}

// gathered is the present answer to a reading, and whether it will not change any more.
func (p *Provider) gathered(ctx context.Context, h held, id string) (list []told, whole bool, err error) {
	if id == "" {
		return nil, false, fault.New(fault.RequestMalformed)
	}
	row, said, err := p.readContext(ctx, h, id)
	if err != nil {
		return nil, false, err
	}
	late := p.Now().Sub(row.Started) >= p.Times.Pending
	list = h.tell(row.Names, said, func(source consent.Source) bool { return !late && p.Sources.Has(source) })
	whole = true
	for _, one := range list {
		whole = whole && one.State != consent.Pending
	}
	return list, whole, nil
}

// readContext finds a reading and what sources have said for it. One that another token began is as good as none.
func (p *Provider) readContext(ctx context.Context, h held, id string) (row contextRow, said map[consent.Source]consent.Told, err error) {
	err = p.View(ctx, func(tx Tx) error {
		row = contextRow{}
		single, err := tx.Single(kindContext, grant.Digest(kindContext, id))
		if err != nil {
			return err
		}
		if err := json.Unmarshal(single.Payload, &row); err != nil {
			return err
		}
		said, err = p.said(tx, h, id, row.Names)
		return err
	})
	if fault.Is(err, fault.RowNotFound) || err == nil && subtle.ConstantTimeCompare(row.Token, h.digest) != 1 {
		return row, nil, fault.New(fault.GrantUnknown)
	}
	return row, said, err
}

// shown checks the token of a request and its pace, and lets the owner's own pages read the answer, errors of a known token included.
func (p *Provider) shown(w http.ResponseWriter, r *http.Request, token, what string) (held, error) {
	if token == "" {
		return held{}, fault.New(fault.RequestMalformed)
	}
	h, err := p.access(r.Context(), token)
	if h.service.ID != "" {
		share(w, r, h.service)
	}
	if err != nil {
		return h, err
	}
	if !p.pace.allow(hex.EncodeToString(h.digest)+" "+what, p.Now()) {
		return h, fault.New(fault.TooManyRequests)
	}
	return h, nil
}

// told is one attribute of an answer (§2.3.2): value is a text exactly when the state is Available.
type told struct {
	Name  string        `json:"name"`
	Value *string       `json:"value"`
	State consent.State `json:"state"`
}

// tell answers for names in the order they were asked, each as it was written. There is no Withheld on this wire: what the person or a source refused is NotAvailable
// (question 5.19).
func (h held) tell(names []string, said map[consent.Source]consent.Told, waits func(consent.Source) bool) []told {
	answered := h.agreed.Answered
	values := map[consent.Name]consent.Value{}
	for name, value := range answered.Values {
		values[name] = value
	}
	for _, source := range consent.SourcesOf(answered.Shared) {
		one, came := said[source]
		its := consent.NamesOf(source, answered.Shared)
		if !came && waits(source) {
			answered.Pending = append(answered.Pending, its...)
		}
		for _, name := range its {
			if value, there := one.Values[name]; there {
				values[name] = value
			}
		}
	}
	answered.Values = values
	list := make([]told, 0, len(names))
	for _, name := range names {
		one := told{Name: name, State: consent.NotAvailable}
		if asked, known := consent.ReadAsked(name); known && inScope(name, asked, h.scope) {
			text, state := asked.Answer(h.scope, answered)
			switch state {
			case consent.Available:
				one.Value, one.State = &text, state
			case consent.Pending:
				one.State = state
			}
		}
		list = append(list, one)
	}
	return list
}
