package failpoint_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// lists are what names are made of that no literal holds whole, by what they
// begin with, and the lists that tests go by to meet all of them.
var lists = map[string][]string{
	"":         {"engine.CheckpointSteps()", "engine.RestoreSteps()"}, // of a sequence and its step
	"capture.": {"volume.CaptureSteps()", "volume.SnapshotStep"},
	"putback.": {"volume.PutBackSteps()"},
	"clone.":   {"clone.Steps()"},
	"lull.":    {`"lull.`},
	"agent.":   {`"agent.`},
}

// A failpoint that no test under test/ meets is one too many, or its test is
// missing.
func TestEveryFailpointIsInATest(t *testing.T) {
	tests, found := "", 0
	sources(t, func(path string, text []byte) {
		if strings.HasSuffix(path, "_test.go") && strings.HasPrefix(path, filepath.Join(root, "test")) {
			tests += string(text)
		}
	})
	sources(t, func(path string, text []byte) {
		if strings.HasSuffix(path, "_test.go") || filepath.Dir(path) == filepath.Join(root, "internal", "failpoint") {
			return
		}
		for _, name := range points(t, path, text) {
			found++
			for _, sign := range name.signs() {
				if !strings.Contains(tests, sign) {
					t.Errorf("%s: no test under test/ has %s", path, sign)
				}
			}
		}
	})
	if found == 0 {
		t.Error("no failpoint was found")
	}
}

const root = "../.."

func sources(t *testing.T, look func(path string, text []byte)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		text, err := os.ReadFile(path)
		look(path, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// point is the argument of a call of Hit.
type point struct {
	text  string // of the literal that it begins with
	whole bool
}

// signs are what a test has that meets it.
func (p point) signs() []string {
	if p.whole {
		return []string{strconv.Quote(p.text)}
	}
	if signs, ok := lists[p.text]; ok {
		return signs
	}
	return []string{"a list of " + p.text + "… (see lists in " + root + "/internal/failpoint/covered_test.go)"}
}

func points(t *testing.T, path string, text []byte) (all []point) {
	t.Helper()
	if !strings.Contains(string(text), "failpoint.Hit(") {
		return nil
	}
	f, err := parser.ParseFile(token.NewFileSet(), path, text, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && isHit(call.Fun) {
			all = append(all, pointOf(call.Args[0]))
		}
		return true
	})
	return all
}

func isHit(e ast.Expr) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok || s.Sel.Name != "Hit" {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == "failpoint"
}

func pointOf(e ast.Expr) point {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, _ := strconv.Unquote(e.Value) // the compiler has seen it
		return point{text, true}
	case *ast.BinaryExpr:
		return point{pointOf(e.X).text, false}
	}
	return point{}
}
