package faoauth

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// answerToken sends the browser on with the result in the fragment, in the order that clients cut it up by (§2.2): state is there even when it is empty.
func answerToken(w http.ResponseWriter, to string, t *tokens, state string) error {
	return goTo(w, to, "access_token="+t.access+"&token_type=bearer&expires_in="+strconv.Itoa(int(t.life.Seconds()))+
		"&state="+escaped(state)+"&refresh_token="+escaped(t.refresh))
}

// answerError sends the browser on with an error, which carries state when one was sent.
func answerError(w http.ResponseWriter, to, word, state string, withState bool) error {
	fragment := "error=" + word
	if withState {
		fragment += "&state=" + escaped(state)
	}
	return goTo(w, to, fragment)
}

// goTo adds a fragment to an address and leaves every byte of the address as it came: an origin without a path stays one (§2.2).
func goTo(w http.ResponseWriter, to, fragment string) error {
	w.Header().Set("Location", to+"#"+fragment)
	w.WriteHeader(http.StatusFound)
	return nil
}

// escaped is percent-encoding that also clients understand which do not take "+" for a space.
func escaped(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
