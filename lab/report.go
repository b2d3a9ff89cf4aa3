package lab

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// NewReporter writes how a build goes to f: spinners on a terminal, plain lines
// elsewhere. end ends the spinners.
func NewReporter(f *os.File) (r Reporter, end func()) {
	if !term.IsTerminal(int(f.Fd())) {
		return &plainReporter{w: f}, func() {}
	}
	p := mpb.New(mpb.WithOutput(f), mpb.WithRefreshRate(refresh), mpb.WithAutoRefresh())
	s := &spinReporter{plain: plainReporter{w: p}, progress: p, line: map[string]*spinLine{}}
	return s, p.Wait
}

// plainReporter writes one line when a part is started and one when it is done.
type plainReporter struct {
	mu sync.Mutex
	w  io.Writer // guarded by mu
}

func (r *plainReporter) print(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(r.w, format+"\n", args...)
}

func (r *plainReporter) Note(line string) { r.print("note: %s", line) }

func (r *plainReporter) Start(part, version string) { r.print("building %s (%s)", part, version) }

func (r *plainReporter) Step(part, line string) { r.print("  %s: %s", part, line) }

func (r *plainReporter) Done(part string, took time.Duration, err error) {
	r.print("%s", doneLine(part, took, err))
}

func doneLine(part string, took time.Duration, err error) string {
	if err != nil {
		return fmt.Sprintf("FAILED   %-22s %5.1f s", part, took.Seconds())
	}
	return fmt.Sprintf("built    %-22s %5.1f s", part, took.Seconds())
}

// spinReporter keeps one line for each part, with a spinner while it is built.
type spinReporter struct {
	plain    plainReporter
	progress *mpb.Progress

	mu   sync.Mutex
	line map[string]*spinLine // guarded by mu
}

const refresh = 120 * time.Millisecond

var frames = []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")

type spinLine struct {
	bar   *mpb.Bar
	part  string
	begin time.Time

	mu   sync.Mutex
	step string // guarded by mu
	done string // guarded by mu
}

func (s *spinLine) set(step, done string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.step, s.done = step, done
}

func (s *spinLine) text(decor.Statistics) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done != "" {
		return s.done
	}
	took := time.Since(s.begin)
	frame := frames[int(took/refresh)%len(frames)]
	return fmt.Sprintf("%c        %-22s %5.1f s  %s", frame, s.part, took.Seconds(), s.step)
}

func (r *spinReporter) Note(line string) { r.plain.Note(line) }

func (r *spinReporter) Start(part, version string) {
	s := &spinLine{part: part, begin: time.Now(), step: version}
	s.bar = r.progress.New(0, mpb.NopStyle(), mpb.PrependDecorators(decor.Any(s.text)))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.line[part] = s
}

func (r *spinReporter) Step(part, line string) { r.get(part).set(line, "") }

func (r *spinReporter) Done(part string, took time.Duration, err error) {
	s := r.get(part)
	s.set("", doneLine(part, took, err))
	s.bar.Abort(false) // the line stays
}

func (r *spinReporter) get(part string) *spinLine {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.line[part]
}
