package rawspec_test

import (
	"errors"
	"testing"

	"github.com/lull-containers/lull/internal/rawspec"
)

func TestEdit(t *testing.T) {
	netNS := func(s map[string]any) error { return rawspec.SetNetNS(s, "/run/netns/x") }
	annotate := func(s map[string]any) error { rawspec.Annotate(s, "k", "v"); return nil }
	for name, tt := range map[string]struct {
		change   func(map[string]any) error
		in, want string
	}{
		"unknown fields and large numbers stay": {annotate, `{"new":{"n":18446744073709551615,"f":1.50}}`, `{"annotations":{"k":"v"},"new":{"f":1.50,"n":18446744073709551615}}`},
		"an annotation beside others":           {annotate, `{"annotations":{"a":"b","k":"old"}}`, `{"annotations":{"a":"b","k":"v"}}`},
		"a network namespace": {netNS, `{"linux":{"namespaces":[{"type":"pid"},{"type":"network"}]}}`,
			`{"linux":{"namespaces":[{"type":"pid"},{"path":"/run/netns/x","type":"network"}]}}`},
	} {
		got, err := rawspec.Edit([]byte(tt.in), tt.change)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: got %s, %v; want %s", name, got, err, tt.want)
		}
	}
}

func TestNoNetNS(t *testing.T) {
	for _, in := range []string{`{}`, `{"linux":7}`, `{"linux":{"namespaces":"x"}}`, `{"linux":{"namespaces":[7,{"type":"pid"}]}}`} {
		_, err := rawspec.Edit([]byte(in), func(s map[string]any) error { return rawspec.SetNetNS(s, "/x") })
		if !errors.Is(err, rawspec.ErrNoNetNS) {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func FuzzEdit(f *testing.F) {
	f.Add([]byte(`{"linux":{"namespaces":[{"type":"network"}]}}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = rawspec.Edit(data, func(s map[string]any) error { // no panic
			rawspec.Annotate(s, "k", "v")
			return rawspec.SetNetNS(s, "/x")
		})
	})
}
