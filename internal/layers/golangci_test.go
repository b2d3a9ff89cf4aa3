package layers

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

type lintRule struct {
	Mode  string   `yaml:"list-mode"`
	Files []string `yaml:"files"`
	Allow []string `yaml:"allow"`
	Deny  []struct {
		Pkg  string `yaml:"pkg"`
		Desc string `yaml:"desc"`
	} `yaml:"deny"`
}

// The linter's rules say what the table says, with the same reasons.
func TestLintersRulesAreTheHouses(t *testing.T) {
	rules := lintRules(t)
	for _, r := range house {
		if r.folder == "test" {
			continue // may import everything
		}
		rule, ok := rules[strings.ReplaceAll(r.folder, "/", "-")]
		if !ok {
			t.Errorf(".golangci.yml has no depguard rule for %s", r.folder)
			continue
		}
		if diff := cmp.Diff(r, rule.room(t)); diff != "" {
			t.Errorf("%s (-house +.golangci.yml):\n%s", r.folder, diff)
		}
	}
}

func (r room) Equal(other room) bool {
	return r.folder == other.folder && r.why == other.why && slices.Equal(r.below, other.below)
}

// room reads a rule back into a line of the house.
func (l lintRule) room(t *testing.T) room {
	t.Helper()
	ours := strings.TrimSuffix(module, "/")
	if l.Mode != "lax" || len(l.Deny) != 1 || l.Deny[0].Pkg != ours || !slices.Contains(l.Files, "!$test") {
		t.Errorf("a rule for %v that is not lax, denies something else than %s, or covers tests", l.Files, ours)
		return room{}
	}
	folder := strings.TrimSuffix(strings.TrimPrefix(l.Files[0], "${base-path}/"), "/**")
	r := room{folder: folder, why: l.Deny[0].Desc}
	for _, a := range l.Allow {
		r.below = append(r.below, strings.TrimPrefix(a, module))
	}
	return r
}

func lintRules(t *testing.T) map[string]lintRule {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", ".golangci.yml"))
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Linters struct {
			Settings struct {
				Depguard struct {
					Rules map[string]lintRule `yaml:"rules"`
				} `yaml:"depguard"`
			} `yaml:"settings"`
		} `yaml:"linters"`
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	return config.Linters.Settings.Depguard.Rules
}
