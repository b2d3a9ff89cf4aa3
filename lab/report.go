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
// elsewhere. close ends the spinners.
func NewReporter(f *os.File) (r Reporter, close func()) {
	if !term.IsTerminal(int(f.Fd())) {
		return &plainReporter{w: f}, func() {}
	}
	p := mpb.New(mpb.WithOutput(f), mpb.WithRefreshRate(120*time.Millisecond), mpb.WithAutoRefresh())
	s := &spinReporter{plain: plainReporter{w: p}, progress: p, spin: map[string]*spinner{}}
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

// spinReporter keeps one spinner for each part that is being built; finished
// ones become lines above.
type spinReporter struct {
	plain    plainReporter
	progress *mpb.Progress

	mu   sync.Mutex
	spin map[string]*spinner // guarded by mu
}

type spinner struct {
	bar  *mpb.Bar
	mu   sync.Mutex
	step string // guarded by mu
}

func (s *spinner) say(step string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.step = step
}

func (s *spinner) text(decor.Statistics) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.step
}

func (r *spinReporter) Note(line string) { r.plain.Note(line) }

func (r *spinReporter) Start(part, version string) {
	s := &spinner{step: version}
	s.bar = r.progress.New(0, mpb.SpinnerStyle().PositionLeft(),
		mpb.BarRemoveOnComplete(), mpb.BarWidth(2),
		mpb.AppendDecorators(
			decor.Name(part, decor.WC{W: 22, C: decor.DindentRight}),
			decor.Elapsed(decor.ET_STYLE_MMSS, decor.WC{W: 7, C: decor.DindentRight}),
			decor.Any(s.text)))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spin[part] = s
}

func (r *spinReporter) Step(part, line string) { r.get(part).say(line) }

func (r *spinReporter) Done(part string, took time.Duration, err error) {
	r.plain.Done(part, took, err) // before the last spinner goes: later lines are lost
	r.get(part).bar.Abort(true)
}

func (r *spinReporter) get(part string) *spinner {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.spin[part]
}
