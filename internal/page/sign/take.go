package sign

import (
	"bytes"
	"context"
	"crypto"
	"net/http"
	"net/url"
	"time"

	"chave/internal/core/credential"
	"chave/internal/core/draft"
	"chave/internal/core/fault"
	"chave/internal/core/signing"
	"chave/internal/page/door"
	"chave/internal/page/ui"
)

// take advances a folder by what was posted. Post, redirect, get: a refresh never sends a secret twice.
func (h *Handler) take(w http.ResponseWriter, r *http.Request, who door.Inside) error {
	form, err := ui.Fields(w, r)
	if err != nil {
		return err
	}
	f, all, err := h.Drafts.Folder(r.Context(), who.Person.ID, r.PathValue("folder"))
	if err != nil {
		return err
	}
	patient(w, 0, slowAnswer)
	next := folderPath(f.ID)
	switch {
	case form.Has("cancel") || form.Has("remove"):
		if f.Operation != "" {
			h.failed(r, h.Signing.Cancel(r.Context(), h.ref(who, f)))
		}
		if err := h.Drafts.Remove(r.Context(), who.Person.ID, f.ID); err != nil {
			return err
		}
		return see(w, r, "/sign")
	case form.Has("back"):
		err = h.back(r, f)
	case form.Has("again"):
		if _, err = h.Signing.Resend(r.Context(), h.ref(who, f)); err == nil {
			next += "?sent"
		}
	default:
		err = h.step(r, who, f, all, form)
	}
	switch {
	case fault.Is(err, fault.RowConflict), fault.Is(err, fault.StepPassed): // another tab, or a double press: show where things stand
		return see(w, r, next)
	case err == nil:
		return see(w, r, next)
	case ended(err):
		return see(w, r, next)
	case fault.Of(err).Kind() == fault.Internal:
		return err
	}
	if fresh, drafts, again := h.Drafts.Folder(r.Context(), who.Person.ID, f.ID); again == nil {
		f, all = fresh, drafts
	}
	return h.again(w, r, who, f, all, form, onField(err))
}

// again shows the same step with what was wrong and what was typed, secrets excepted.
func (h *Handler) again(w http.ResponseWriter, r *http.Request, who door.Inside, f draft.Folder, all []draft.Draft, form url.Values, cause error) error {
	view, err := h.view(r, who, f, all, cause)
	if err != nil {
		return err
	}
	if p, ok := view.(Place); ok {
		p.Stamp, p.PageNumber, p.Corner, p.X, p.Y = form.Get("stamp"), form.Get("page"), form.Get("corner"), form.Get("place_x"), form.Get("place_y")
		view = p
	}
	h.Site.Render(w, r, ui.Status(fault.Of(cause).Kind()), view)
	return nil
}

// ended tells the faults after which the stored state itself says what happened.
func ended(err error) bool {
	switch fault.Of(err).Code {
	case fault.OperationOver, fault.OperationExpired, fault.OperationUnknown:
		return true
	}
	return false
}

// step answers the form of the step that is true; one of a passed step changes nothing.
func (h *Handler) step(r *http.Request, who door.Inside, f draft.Folder, all []draft.Draft, form url.Values) error {
	passed := fault.New(fault.StepPassed)
	switch form.Get("step") {
	case "place":
		if f.Placed || f.Operation != "" {
			return passed
		}
		return h.place(r, who, f, all, form)
	case "pin":
		if !f.Placed || f.Operation != "" {
			return passed
		}
		return h.pin(r, who, f, all, form)
	case "code":
		if f.Operation == "" || len(f.Signatures) > 0 {
			return passed
		}
		return h.code(r, who, f, all, form)
	case "finish":
		if len(f.Signatures) == 0 || len(f.Results) > 0 {
			return passed
		}
		return h.finish(r, who, f, all)
	case "retry":
		if f.Operation == "" || len(f.Signatures) > 0 {
			return passed
		}
		h.failed(r, h.Signing.Cancel(r.Context(), h.ref(who, f)))
		f.Operation, f.Session, f.Digests = "", "", nil
		_, err := h.Drafts.Save(r.Context(), f)
		return err
	}
	return fault.New(fault.RequestMalformed).On("step")
}

// back goes from the PIN to the place.
func (h *Handler) back(r *http.Request, f draft.Folder) error {
	if f.Operation != "" || !f.Placed {
		return fault.New(fault.StepPassed)
	}
	f.Placed = false
	_, err := h.Drafts.Save(r.Context(), f)
	return err
}

// place stores where the stamp goes, once it has been tried on every document.
func (h *Handler) place(r *http.Request, who door.Inside, f draft.Folder, all []draft.Draft, form url.Values) error {
	p, err := parsePlace(form.Get("stamp"), form.Get("page"), form.Get("corner"), form.Get("place_x"), form.Get("place_y"))
	if err != nil {
		return err
	}
	signer, err := h.Signing.SignerOf(r.Context(), who.Person.ID)
	if err != nil {
		return err
	}
	f.Place, f.Placed = p, true
	f.At, f.Lines, f.Chain = h.Now().Truncate(time.Second), h.lines(r, who, h.Now()), signer.Key.Chain
	for _, d := range ordered(f.Drafts, all) {
		if _, err := h.prepare(r.Context(), who, f, d, nil); err != nil {
			if fault.Is(err, fault.PlaceInvalid) {
				return fault.New(fault.PlaceInvalid).On("page").Because(err)
			}
			return err
		}
	}
	f.At, f.Lines, f.Chain = time.Time{}, nil, nil
	_, err = h.Drafts.Save(r.Context(), f)
	return err
}

// prepare makes one document ready to be signed and gives what the key signs; then, when not nil, gets the prepared document while its bytes are held.
func (h *Handler) prepare(ctx context.Context, who door.Inside, f draft.Folder, d draft.Draft, then func(Prepared) error) (toSign []byte, err error) {
	err = h.whole(ctx, d, func(content []byte) error {
		p, err := h.Papers.Prepare(content, Stamping{Place: f.Place, Lines: f.Lines, At: f.At.In(h.Zone), Name: who.Person.FullName(), Chain: f.Chain})
		if err != nil {
			return err
		}
		toSign = p.ToSign()
		if then == nil {
			return nil
		}
		return then(p)
	})
	return toSign, err
}

// pin begins the operation: what will be signed is fixed here, and the message that carries the code names it.
func (h *Handler) pin(r *http.Request, who door.Inside, f draft.Folder, all []draft.Draft, form url.Values) error {
	pin, err := credential.ParsePIN(form.Get("sign_pin"))
	if err != nil {
		return err
	}
	signer, err := h.Signing.SignerOf(r.Context(), who.Person.ID)
	if err != nil {
		return err
	}
	f.At, f.Lines = h.Now().Truncate(time.Second), h.lines(r, who, h.Now())
	f.KeyID, f.Chain, f.Session, f.Digests = signer.Key.ID, signer.Key.Chain, who.Session.ID, nil
	drafts := ordered(f.Drafts, all)
	if len(drafts) != len(f.Drafts) {
		return fault.New(fault.DraftUnknown)
	}
	var documents []signing.Document
	for _, d := range drafts {
		digest, err := h.prepare(r.Context(), who, f, d, nil)
		if err != nil {
			return err
		}
		f.Digests = append(f.Digests, digest)
		documents = append(documents, signing.Document{ID: d.ID, Name: d.Name, Digest: digest})
	}
	op, err := h.Signing.Prepare(r.Context(), signing.Request{
		Wire: wire, Application: h.Door.Service, Person: who.Person.ID, KeyID: f.KeyID, Purpose: signing.Sign, Hash: crypto.SHA256, Documents: documents,
		PIN: pin, Session: f.Session, Address: h.address(r), Lang: string(h.Site.Lang(r)),
	})
	if err != nil {
		return err
	}
	f.Operation = op.ID
	if _, err := h.Drafts.Save(r.Context(), f); err != nil { // another tab was first: its operation counts, not this one
		h.failed(r, h.Signing.Cancel(r.Context(), h.ref(who, f)))
		return err
	}
	return nil
}

// code signs. The signatures are stored before anything is made of them: putting the files together can be done again, signing cannot.
func (h *Handler) code(r *http.Request, who door.Inside, f draft.Folder, all []draft.Draft, form url.Values) error {
	code, err := credential.ParseCode(form.Get("code"))
	if err != nil {
		return err
	}
	result, err := h.Signing.ConfirmAndSign(r.Context(), h.ref(who, f), code)
	if err != nil {
		return err
	}
	f.Signatures = result.Signatures
	ctx := context.WithoutCancel(r.Context()) // whoever closes the window now has signed all the same
	if f, err = h.Drafts.Save(ctx, f); err != nil {
		return err
	}
	h.failed(r, h.finish(r.WithContext(ctx), who, f, all)) // the page of the next step offers to try again
	return nil
}

// finish puts the signatures into the documents and brings them to their level. It can be run again after any failure.
func (h *Handler) finish(r *http.Request, who door.Inside, f draft.Folder, all []draft.Draft) error {
	drafts := ordered(f.Drafts, all)
	if len(drafts) != len(f.Drafts) || len(f.Signatures) != len(drafts) || len(f.Digests) != len(drafts) {
		return fault.New(fault.DraftUnknown)
	}
	var made []string
	for i, d := range drafts {
		id, err := h.assemble(r, who, f, d, f.Digests[i], f.Signatures[i])
		if err != nil {
			return err
		}
		made = append(made, id)
	}
	f.Results = made
	_, err := h.Drafts.Save(r.Context(), f)
	return err
}

func (h *Handler) assemble(r *http.Request, who door.Inside, f draft.Folder, d draft.Draft, digest, signature []byte) (id string, err error) {
	ctx := r.Context()
	_, err = h.prepare(ctx, who, f, d, func(p Prepared) error {
		if !bytes.Equal(p.ToSign(), digest) { // made by another release: attaching would give a broken signature
			return fault.New(fault.PermitMismatch)
		}
		signed, err := p.Attach(signature)
		if err != nil {
			return err
		}
		level := "B-B"
		if h.Level != level {
			var short error
			if signed, level, short = h.Papers.Extend(ctx, signed, h.Level, h.Now()); short != nil {
				h.failed(r, short)
			}
		}
		out, err := h.Drafts.Add(ctx, f, draft.Signed, draft.About{Name: signedName(d.Name, string(h.Site.Lang(r))), Level: level, Source: d.ID}, bytes.NewReader(signed))
		id = out.ID
		return err
	})
	return id, err
}
