//go:build interop

package interop

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/crewjam/saml"
)

// TestSingle_logout_goes_round_services_by_others has one person signed in at two services, which know single logout by another binding each. Whichever is left, the other
// must hear of it.
func TestSingle_logout_goes_round_services_by_others(t *testing.T) {
	crew, registered, _ := newCrew(t)
	m := settle(t, registered)
	crew.IDPMetadata, crew.walk = entity(t, m.metadata), m.walk
	protected := address(t, m.home+"/private/page.shtml")
	lost := func(t *testing.T) {
		t.Helper()
		page, err := m.walk.Browser.Get(t.Context(), &protected)
		if err != nil || page.Status == http.StatusOK {
			t.Errorf("the module still lets the person in: %d, %v", page.Status, err)
		}
	}

	t.Run("left at the Go service, heard by Apache in a query", func(t *testing.T) {
		m.signIn(t, m.walk, &protected)
		got := crew.signIn(t, "beside", saml.HTTPPostBinding)
		crew.leave(t, "logout", got.Subject.NameID.Value, saml.HTTPPostBinding)
		lost(t)
	})
	t.Run("left at Apache, heard by the Go service in a form", func(t *testing.T) {
		m.signIn(t, m.walk, &protected)
		got := crew.signIn(t, "again", saml.HTTPRedirectBinding)
		out := address(t, m.home+"/mellon/logout?ReturnTo="+url.QueryEscape(m.home+"/bye"))
		page, err := m.walk.Browser.Get(t.Context(), &out)
		if err != nil {
			t.Fatal(err)
		}
		asked, err := delivered(t.Context(), m.walk, page, crew.SloURL.String())
		if err != nil {
			t.Fatal(err)
		}
		text := decoded(t, asked.Values.Get("SAMLRequest"))
		if err := os.WriteFile(filepath.Join(crew.kept, "request.xml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var request saml.LogoutRequest
		if err := xml.Unmarshal([]byte(text), &request); err != nil {
			t.Fatal(err)
		}
		if request.NameID.Value != got.Subject.NameID.Value || request.SessionIndex == nil || request.SessionIndex.Value != got.AuthnStatements[0].SessionIndex {
			t.Errorf("asked to end %+v of %+v", request.SessionIndex, request.NameID)
		}
		answer, err := crew.MakeLogoutResponse(crew.GetSLOBindingLocation(saml.HTTPPostBinding), request.ID)
		if err != nil {
			t.Fatal(err)
		}
		form := readPosting(t, answer.Post(asked.Values.Get("RelayState")))
		page, err = m.walk.Browser.PostFrom(t.Context(), crew.origin(), form.To, form.Values)
		if err == nil {
			page, err = m.walk.Browser.Follow(t.Context(), page, before(m.home+"/bye"))
		}
		if err != nil || page.Next == nil {
			t.Errorf("%s answered %d, %v", page.URL.Path, page.Status, err)
		}
		lost(t)
	})
	judge(t, crew.kept, signingCertificate(t, m.metadata), false, "beside", "logout", "again", "request")
}
