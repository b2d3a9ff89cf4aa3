package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containerd/containerd/v2/core/containers"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/lull-containers/lull/internal/config"
	"github.com/lull-containers/lull/internal/dockerd"
	"github.com/lull-containers/lull/internal/state"
)

// recording is a container as containerd described it.
type recording struct {
	Want        string            `json:"want"` // ENGINE by WAY, none, wrong
	Labels      map[string]string `json:"labels"`
	Image       string            `json:"image"`
	ImageLabels map[string]string `json:"image_labels"`
	Spec        json.RawMessage   `json:"spec"`
}

func recordings(t *testing.T) map[string]recording {
	t.Helper()
	paths, err := filepath.Glob("testdata/containers/*.json")
	if err != nil || len(paths) == 0 {
		t.Fatal("no recordings", err)
	}
	all := map[string]recording{}
	for _, p := range paths {
		raw, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		var r recording
		if err := json.Unmarshal(raw, &r); err != nil {
			t.Fatalf("%s: %v", p, err)
		}
		all[strings.TrimSuffix(filepath.Base(p), ".json")] = r
	}
	return all
}

// playback is the subject of a recording, below a state folder of its own.
func playback(t *testing.T, a *app, r recording) *subject {
	t.Helper()
	s, err := a.newSubject("default", containers.Container{ID: strings.Repeat("a", longLen), Labels: r.Labels, Image: r.Image,
		Spec: &anypb.Any{TypeUrl: specURL, Value: r.Spec}})
	if err != nil {
		t.Fatal(err)
	}
	s.detect(r.ImageLabels)
	return s
}

func testApp(t *testing.T) *app {
	t.Helper()
	cfg := config.Default()
	cfg.StateDir = t.TempDir()
	return &app{namespace: "default", loaded: &cfg}
}

func TestDetection(t *testing.T) {
	for name, r := range recordings(t) {
		s := playback(t, testApp(t), r)
		got := "none"
		switch {
		case s.wrong != nil:
			got = "wrong"
		case s.found.Engine != "":
			got = s.found.Engine + " by " + s.found.By
		}
		if got != r.Want {
			t.Errorf("%s: %s, want %s", name, got, r.Want)
		}
		if wants := r.Want != "none" && !strings.HasPrefix(r.Want, "none "); s.database() != wants {
			t.Errorf("%s: database() is %v", name, s.database())
		}
	}
}

// The shim sees more than the client: Docker's labels.
func TestDetectionIsTheShims(t *testing.T) {
	a := testApp(t)
	dir := state.Dir(a.loaded.StateDir, "default", strings.Repeat("a", longLen))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := state.Write(dir, state.Record{Engine: "mysql", DetectedBy: "label"}); err != nil {
		t.Fatal(err)
	}
	s := playback(t, a, recordings(t)["ctr-busybox"])
	if s.found.Engine != "mysql" || s.found.By != "label" || !s.database() {
		t.Errorf("found %+v", s.found)
	}
}

func TestUnreadableState(t *testing.T) {
	a := testApp(t)
	dir := state.Dir(a.loaded.StateDir, "default", "db")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "state.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := a.newSubject("default", containers.Container{ID: "db"}); err == nil {
		t.Error("a broken record is taken for none")
	}
}

func TestRestartPolicy(t *testing.T) {
	dir := t.TempDir()
	s := playback(t, testApp(t), recordings(t)["docker-postgres"])
	for i := range s.spec.Mounts {
		s.spec.Mounts[i].Source = strings.Replace(s.spec.Mounts[i].Source, "/var/lib/docker", dir, 1)
	}
	home := filepath.Join(dir, "containers", s.info.ID)
	if err := os.MkdirAll(home, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := dockerFindings(s); got != nil {
		t.Errorf("without dockerd's files: %v", got)
	}
	if err := os.WriteFile(filepath.Join(home, dockerd.ConfigFile), []byte(`{"ID":"`+s.info.ID+`","Name":"/pg"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		`{"RestartPolicy":{"Name":"always"}}`: "warn", `{"RestartPolicy":{"Name":"unless-stopped"}}`: "warn",
		`{"RestartPolicy":{"Name":"no"}}`: "ok", `{}`: "ok", `{`: "warn",
	} {
		if err := os.WriteFile(filepath.Join(home, dockerd.HostFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got := dockerFindings(s)
		if len(got) != 1 || string(got[0].Severity) != want {
			t.Errorf("%s: %v, want %s", text, got, want)
		}
	}
}

func TestShortID(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 4)
	for in, want := range map[string]string{long: "0123456789ab", long[1:]: long[1:], "db": "db",
		strings.Repeat("z", longLen): strings.Repeat("z", longLen)} {
		if diff := cmp.Diff(want, shortID(in)); diff != "" {
			t.Error(diff)
		}
	}
}
