// Package kubernetes looks at the manifests in deploy/kubernetes as an API server
// would: strictly, by its own types.
package kubernetes

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	nodev1 "k8s.io/api/node/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	strict "sigs.k8s.io/yaml"

	"github.com/lull-containers/lull/quiesce"
)

const manifests = "../../deploy/kubernetes"

// kinds are what the manifests consist of.
func kinds() map[string]func() any {
	return map[string]func() any{
		"v1 Namespace":                             func() any { return &corev1.Namespace{} },
		"v1 ServiceAccount":                        func() any { return &corev1.ServiceAccount{} },
		"v1 PersistentVolumeClaim":                 func() any { return &corev1.PersistentVolumeClaim{} },
		"apps/v1 DaemonSet":                        func() any { return &appsv1.DaemonSet{} },
		"apps/v1 StatefulSet":                      func() any { return &appsv1.StatefulSet{} },
		"node.k8s.io/v1 RuntimeClass":              func() any { return &nodev1.RuntimeClass{} },
		"rbac.authorization.k8s.io/v1 ClusterRole": func() any { return &rbacv1.ClusterRole{} },
	}
}

// A field that does not exist, or one of the wrong type, is found here and not
// in somebody's cluster.
func TestManifests(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(manifests, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no manifests: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			for _, doc := range documents(t, file) {
				object, err := parse(doc)
				if err != nil {
					t.Errorf("%v\n%s", err, doc)
					continue
				}
				switch o := object.(type) {
				case *appsv1.DaemonSet:
					matches(t, o.Spec.Selector.MatchLabels, o.Spec.Template)
				case *appsv1.StatefulSet:
					matches(t, o.Spec.Selector.MatchLabels, o.Spec.Template)
				}
			}
		})
	}
}

func documents(t *testing.T, file string) (all [][]byte) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var node yaml.Node
		err := d.Decode(&node)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		one, err := yaml.Marshal(&node)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
}

func parse(doc []byte) (any, error) {
	var head struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
	}
	if err := strict.Unmarshal(doc, &head); err != nil {
		return nil, err
	}
	create, ok := kinds()[head.APIVersion+" "+head.Kind]
	if !ok {
		return nil, fmt.Errorf("unknown kind %s %s", head.APIVersion, head.Kind)
	}
	object := create()
	return object, strict.UnmarshalStrict(doc, object)
}

// matches holds a template against what its owner looks for, its mounts against
// its volumes, and its images and annotations against what is sensible.
func matches(t *testing.T, selector map[string]string, pod corev1.PodTemplateSpec) {
	t.Helper()
	for k, v := range selector {
		if pod.Labels[k] != v {
			t.Errorf("the selector wants %s=%s, the template has %q", k, v, pod.Labels[k])
		}
	}
	volumes := map[string]bool{}
	for _, v := range pod.Spec.Volumes {
		volumes[v.Name] = true
	}
	for _, c := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
		if _, tag, ok := strings.Cut(filepath.Base(c.Image), ":"); !ok || tag == "latest" {
			t.Errorf("container %s: the image %s is not pinned", c.Name, c.Image)
		}
		for _, m := range c.VolumeMounts {
			if !volumes[m.Name] {
				t.Errorf("container %s: there is no volume %s", c.Name, m.Name)
			}
		}
	}
	for k := range pod.Annotations {
		if !strings.HasPrefix(k, quiesce.LabelPrefix) {
			t.Errorf("annotation %s is none of lull's", k)
		}
	}
}
