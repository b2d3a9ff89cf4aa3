package manifest

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "write the golden file and the example in docs/MANIFEST.md")

const (
	golden     = "testdata/sealed.json"
	schemaPath = "../docs/manifest.schema.json"
	docsPath   = "../docs/MANIFEST.md"
)

// field is one JSON field of the manifest, arrays as "volumes[].name".
type field struct {
	path     string
	optional bool
}

// fields walks the struct.
func fields(t reflect.Type, prefix string) []field {
	switch t.Kind() {
	case reflect.Pointer:
		return fields(t.Elem(), prefix)
	case reflect.Slice:
		return fields(t.Elem(), prefix+"[]")
	case reflect.Struct:
		if t == reflect.TypeFor[time.Time]() {
			return nil
		}
	default:
		return nil
	}
	var all []field
	for i := range t.NumField() {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		path := strings.TrimPrefix(prefix+"."+name, ".")
		all = append(all, field{path, options == "omitempty"})
		all = append(all, fields(t.Field(i).Type, path)...)
	}
	return all
}

// schemaFields walks the JSON Schema.
func schemaFields(node map[string]any, prefix string) []field {
	var all []field
	if items, ok := node["items"].(map[string]any); ok {
		return schemaFields(items, prefix+"[]")
	}
	required, _ := node["required"].([]any)
	props, _ := node["properties"].(map[string]any)
	for name, sub := range props {
		path := strings.TrimPrefix(prefix+"."+name, ".")
		all = append(all, field{path, !slices.Contains(required, any(name))})
		all = append(all, schemaFields(sub.(map[string]any), path)...)
	}
	return all
}

func byPath(a, b field) int { return strings.Compare(a.path, b.path) }

func TestSchemaHasEveryFieldAndNoOther(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal(readFile(t, schemaPath), &schema); err != nil {
		t.Fatal(err)
	}
	want, got := fields(reflect.TypeFor[Manifest](), ""), schemaFields(schema, "")
	slices.SortFunc(want, byPath)
	slices.SortFunc(got, byPath)
	if d := cmp.Diff(want, got, cmp.AllowUnexported(field{})); d != "" {
		t.Error(d)
	}
}

// The documents' tables begin each line with a field's path.
func TestDocumentExplainsEveryFieldAndNoOther(t *testing.T) {
	var got, want []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| [^|]{3,} \\|").FindAllStringSubmatch(string(readFile(t, docsPath)), -1) {
		got = append(got, m[1])
	}
	for _, f := range fields(reflect.TypeFor[Manifest](), "") {
		want = append(want, f.path)
	}
	slices.Sort(got)
	slices.Sort(want)
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestDocumentNamesWhatMayAppear(t *testing.T) {
	doc := string(readFile(t, docsPath))
	for _, name := range MayAppear() {
		if !strings.Contains(doc, "`"+name+"`") {
			t.Errorf("it does not name %s", name)
		}
	}
}

func TestExampleInTheDocumentIsTheGoldenFile(t *testing.T) {
	doc := string(readFile(t, docsPath))
	begin, end := "```json\n", "```\n"
	_, rest, ok := strings.Cut(doc, begin)
	example, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("it has no example")
	}
	want := string(readFile(t, golden))
	if *update {
		doc = strings.TrimSuffix(doc, rest) + want + end + after
		if err := os.WriteFile(docsPath, []byte(doc), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(want, example); d != "" {
		t.Error(d)
	}
}

// The golden file is what Seal makes of the sample; a change of the format
// shows up here.
func TestGoldenFile(t *testing.T) {
	dir, _ := sealedFolder(t)
	raw := readFile(t, filepath.Join(dir, FileName))
	if *update {
		if err := os.WriteFile(golden, raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(string(readFile(t, golden)), string(raw)); d != "" {
		t.Error(d)
	}
}

func TestSchemaValidates(t *testing.T) {
	schema := compile(t)
	poisonedDir := t.TempDir()
	if err := Poison(poisonedDir, "thawed"); err != nil {
		t.Fatal(err)
	}
	pendingDir := t.TempDir()
	writes(sample())(t, pendingDir)
	for name, path := range map[string]string{
		"sealed": golden, "poisoned": filepath.Join(poisonedDir, FileName), "pending": filepath.Join(pendingDir, FileName),
	} {
		t.Run(name, func(t *testing.T) {
			if err := schema.Validate(unmarshal(t, readFile(t, path))); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSchemaRefuses(t *testing.T) {
	schema := compile(t)
	for name, spoil := range map[string]func(m map[string]any){
		"another schema":   func(m map[string]any) { m["schema"] = "lull.manifest/2" },
		"a short seal":     func(m map[string]any) { m["seal"] = "00" },
		"another status":   func(m map[string]any) { m["status"] = "done" },
		"no level":         func(m map[string]any) { m["reached"].(map[string]any)["level"] = "" },
		"an unknown field": func(m map[string]any) { m["password"] = "secret" },
		"a missing field":  func(m map[string]any) { delete(m, "host") },
		"a local time":     func(m map[string]any) { m["created"] = "2026-03-14T09:26:53+01:00" },
		"a negative time":  func(m map[string]any) { m["frozen_ms"] = -1 },
		"a path as a name": func(m map[string]any) { m["files"].([]any)[0].(map[string]any)["name"] = "a/b" },
	} {
		t.Run(name, func(t *testing.T) {
			m := unmarshal(t, readFile(t, golden)).(map[string]any)
			spoil(m)
			if err := schema.Validate(m); err == nil {
				t.Error("it validates")
			}
		})
	}
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	s, err := c.Compile(schemaPath)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func unmarshal(t *testing.T, raw []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
