package transfer

import (
	"net/http"
	"strings"
	"testing"
)

type answers struct{}

func (answers) RoundTrip(*http.Request) (*http.Response, error) { return &http.Response{}, nil }

func TestSecured(t *testing.T) {
	for url, ok := range map[string]bool{
		"https://10.0.0.1/v2/": true, "http://127.0.0.1:5000/v2/": true, "http://localhost/v2/": true, "http://[::1]:5000/v2/": true,
		"http://10.0.0.1:5000/v2/": false, "http://registry.local/v2/": false, "http://registry.example.com/v2/": false,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		must(t, err)
		_, err = secured{answers{}}.RoundTrip(r) //nolint:bodyclose // there is none
		if (err == nil) != ok || err != nil && !strings.Contains(err.Error(), "--plaintext") {
			t.Errorf("%s: %v", url, err)
		}
	}
}
