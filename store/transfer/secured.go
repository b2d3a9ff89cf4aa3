package transfer

import (
	"fmt"
	"net/http"
)

// secured lets nothing out without TLS but to loopback. The library would fall
// back to HTTP at private addresses, and follows redirections.
type secured struct{ http.RoundTripper }

func (s secured) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && !loopback(r.URL.Host) {
		return nil, fmt.Errorf("%s has no TLS: logins and what is carried could be read on the way; --plaintext allows that", r.URL.Host)
	}
	return s.RoundTripper.RoundTrip(r)
}
