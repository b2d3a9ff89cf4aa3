package dial

import (
	"net/netip"
	"slices"
	"testing"
)

func TestAddresses(t *testing.T) {
	for name, c := range map[string]struct{ listeners, want []string }{
		"none":             {nil, nil},
		"every IPv4":       {[]string{"0.0.0.0:5432"}, []string{"127.0.0.1:5432"}},
		"every address":    {[]string{"[::]:5432"}, []string{"[::1]:5432", "127.0.0.1:5432"}},
		"both":             {[]string{"0.0.0.0:5432", "[::]:5432"}, []string{"127.0.0.1:5432", "[::1]:5432"}},
		"mapped":           {[]string{"[::ffff:10.0.0.1]:5432"}, []string{"10.0.0.1:5432"}},
		"likely one first": {[]string{"127.0.0.1:8008", "10.0.0.1:5432"}, []string{"10.0.0.1:5432", "127.0.0.1:8008"}},
	} {
		var d Dialer
		for _, l := range c.listeners {
			d.Listeners = append(d.Listeners, netip.MustParseAddrPort(l))
		}
		var got []string
		for _, a := range d.Addresses(5432) {
			got = append(got, a.String())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}
