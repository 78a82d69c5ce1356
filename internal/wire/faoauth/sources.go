package faoauth

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"slices"

	"chave/internal/core/consent"
	"chave/internal/core/fault"
	"chave/internal/core/grant"
	"chave/internal/core/random"
)

// sourceDigest finds what one source said for one reading.
func sourceDigest(context string, source consent.Source) []byte {
	return grant.Digest(kindSource, context+"\x00"+string(source))
}

// wanted lists, of sources that are plugged in, the attributes to ask for: those that were shared and that some of the names tell, with the parameters of those names.
func (p *Provider) wanted(h held, names []string) (attributes []consent.Name, params map[string]string) {
	var all []consent.Asked
	for _, name := range names {
		asked, known := consent.ReadAsked(name)
		attribute, listed := consent.Lookup(asked.Spelling.Name)
		if !known || !listed || !p.Sources.Has(attribute.Source) || !inScope(name, asked, h.scope) || len(asked.Lacking(h.scope)) > 0 {
			continue
		}
		all = append(all, asked)
		if slices.Contains(h.agreed.Answered.Shared, attribute.Name) && !slices.Contains(attributes, attribute.Name) {
			attributes = append(attributes, attribute.Name)
		}
	}
	return attributes, consent.ParamsOf(all)
}

// said reads what sources have said for a reading. A source without a row has not answered yet, or never will.
func (p *Provider) said(tx grant.Tx, h held, id string, names []string) (map[consent.Source]consent.Told, error) {
	all := map[consent.Source]consent.Told{}
	attributes, _ := p.wanted(h, names)
	for _, source := range consent.SourcesOf(attributes) {
		single, err := tx.Single(kindSource, sourceDigest(id, source))
		if fault.Is(err, fault.RowNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		var one consent.Told
		if err := json.Unmarshal(single.Payload, &one); err != nil {
			return nil, err
		}
		all[source] = one
	}
	return all, nil
}

// askLater lets each source be asked in the background. Its answer is a row, so that any node can tell it; if this one dies first, nobody answers, and the attribute is
// NotAvailable when its time is over. When too many questions are out already, the same happens to this one.
func (p *Provider) askLater(ctx context.Context, h held, id string, names []string) {
	attributes, params := p.wanted(h, names)
	for _, source := range consent.SourcesOf(attributes) {
		if !p.asking.try() {
			p.Log.WarnContext(ctx, "too many questions to sources are out", "wire", wire, "source", source, "code", fault.SourceUnavailable)
			continue
		}
		p.work.Go(func() {
			defer p.asking.free()
			// The request is answered long before the source is; its end must not end the question.
			ctx := context.WithoutCancel(ctx)
			q, ok, err := p.question(ctx, h, consent.NamesOf(source, attributes), params)
			said := consent.Told{}
			if err == nil && ok {
				said = p.Sources.Ask(ctx, source, q)
			}
			if err == nil {
				err = p.keep(ctx, h, id, source, said)
			}
			if err != nil {
				p.Log.ErrorContext(ctx, "what a source said could not be kept", "wire", wire, "source", source, "code", fault.Of(err).Code, "err", err)
			}
		})
	}
}

// question is what a source is asked about the person as they are now; ok is false when their key no longer stands: then nobody is asked.
func (p *Provider) question(ctx context.Context, h held, names []consent.Name, params map[string]string) (q consent.Query, ok bool, err error) {
	q = consent.Query{Number: random.ID(p.Rand), Service: h.service.ID, Names: names, Params: params}
	err = p.View(ctx, func(tx Tx) error {
		if ok, err = p.keyStands(tx, h.family, h.agreed.PIN, p.Now()); err != nil || !ok {
			return err
		}
		person, err := tx.Person(h.family.Person)
		if err != nil {
			return err
		}
		key, err := tx.Key(h.family.Person)
		if err != nil {
			return err
		}
		q.Subject = consent.Subject{Person: person, KeyEnds: p.Login.Policy.End(key, person), Zone: p.Login.Policy.Zone}
		return nil
	})
	return q, ok, err
}

// keep stores, sealed and until the token ends, what a source said. What came after the person took their consent back is dropped.
func (p *Provider) keep(ctx context.Context, h held, id string, source consent.Source, said consent.Told) error {
	payload, err := json.Marshal(said)
	if err != nil {
		return err
	}
	err = p.Do(ctx, func(tx Tx) error {
		f, err := tx.Family(h.family.ID)
		if err != nil || !f.Alive(p.Now()) {
			return err
		}
		return tx.InsertSingle(grant.Single{
			Kind: kindSource, Digest: sourceDigest(id, source), Payload: payload, Family: h.family.ID, ExpiresAt: h.expires,
		})
	})
	if fault.Is(err, fault.RowConflict) { // another request was first
		return nil
	}
	return err
}

// askNow answers for the one-step reading: what sources said before for this token, and what they say within the time that a sign-in would wait for them.
func (p *Provider) askNow(ctx context.Context, h held, names []string) (map[consent.Source]consent.Told, error) {
	id := "one step " + hex.EncodeToString(h.digest)
	var said map[consent.Source]consent.Told
	err := p.View(ctx, func(tx Tx) (err error) {
		said, err = p.said(tx, h, id, names)
		return err
	})
	if err != nil {
		return nil, err
	}
	attributes, _ := p.wanted(h, names)
	var missing []consent.Name
	for _, source := range consent.SourcesOf(attributes) {
		if _, there := said[source]; !there {
			missing = append(missing, consent.NamesOf(source, h.agreed.Answered.Shared)...) // all that was shared: the next reading may ask for another
		}
	}
	if len(missing) == 0 || !p.asking.try() {
		return said, nil
	}
	defer p.asking.free()
	q, ok, err := p.question(ctx, h, missing, consent.ParamsOf(h.scope))
	if err != nil || !ok {
		return said, err
	}
	all := p.Sources.Gather(ctx, q)
	for _, source := range consent.SourcesOf(missing) {
		one := consent.Told{Values: map[consent.Name]consent.Value{}, Withheld: consent.NamesOf(source, all.Withheld)}
		for _, name := range consent.NamesOf(source, missing) {
			if value, came := all.Values[name]; came {
				one.Values[name] = value
			}
		}
		if len(one.Values)+len(one.Withheld) == 0 {
			continue // late or nothing: it may be asked again
		}
		said[source] = one
		if err := p.keep(ctx, h, id, source, one); err != nil {
			return nil, err
		}
	}
	return said, nil
}
