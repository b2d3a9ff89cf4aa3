package store

import (
	"testing"

	"github.com/lull-containers/lull/internal/rawspec"
)

func TestLeavePod(t *testing.T) {
	for name, tt := range map[string]struct {
		in, want string
		pods     bool
	}{
		"a pod's": {
			`{"annotations":{"io.kubernetes.cri.container-type":"container","io.kubernetes.cri.sandbox-id":"s","lull/mode":"fence"},` +
				`"linux":{"cgroupsPath":"/kubepods/c","namespaces":[{"type":"pid"},{"path":"/proc/7/ns/ipc","type":"ipc"},{"path":"/run/netns/x","type":"network"}]},"new":1}`,
			`{"annotations":{"lull/mode":"fence"},"linux":{"cgroupsPath":"/c","namespaces":[{"type":"pid"},{"type":"ipc"},{"type":"network"}]},"new":1}`, true},
		"of a node with systemd": {`{"annotations":{"io.kubernetes.cri.container-type":"container"},"linux":{"cgroupsPath":"kubepods.slice:cri-containerd:c"}}`,
			`{"annotations":{},"linux":{"cgroupsPath":"system.slice:lull:c"}}`, true},
		"ctr's":    {`{"linux":{"namespaces":[{"path":"/run/netns/x","type":"network"}]}}`, `{"linux":{"namespaces":[{"path":"/run/netns/x","type":"network"}]}}`, false},
		"nonsense": {`{"annotations":{"io.kubernetes.cri.container-type":"x"},"linux":7}`, `{"annotations":{},"linux":7}`, true},
	} {
		pods := false
		got, err := rawspec.Edit([]byte(tt.in), func(spec map[string]any) error {
			pods = LeavePod(spec, "c")
			return nil
		})
		if err != nil || string(got) != tt.want || pods != tt.pods {
			t.Errorf("%s: %s, %v, %v", name, got, pods, err)
		}
	}
}
