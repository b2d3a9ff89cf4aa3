package demo

import (
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/lull-containers/lull/lab/demo/screen"
	"github.com/lull-containers/lull/test/ledger"
)

// status is what the living line says: it stands still while clients wait.
func (a *act) status() string {
	if a.load == nil || a.load.entries == nil {
		return ""
	}
	return number(a.load.acked()) + " writes acknowledged"
}

func number[T int | int64](n T) string {
	return message.NewPrinter(language.English).Sprintf("%d", n)
}

func (a *act) mark(name string) {
	a.marks = append(a.marks, screen.Mark{At: a.load.log.Now(), Name: name})
}

// conclude shows how the clients fared, and the verdicts.
func (a *act) conclude() {
	t := screen.Timeline{Label: "  writes", From: a.began, To: a.load.log.Now(), Marks: a.marks}
	for _, e := range a.load.log.History().Events {
		if e.Kind == ledger.Acked {
			t.Events = append(t.Events, e.At)
		}
	}
	a.say.Gap()
	a.say.Block(t.Draw(a.say.Width()))
	a.say.Gap()
	for _, v := range a.result.Verdicts {
		a.tell(v)
	}
}

func (a *act) tell(v Verdict) {
	line := v.Name
	if v.Detail != "" {
		line += ": " + v.Detail
	}
	if v.OK {
		a.say.Good("%s", line)
		return
	}
	a.say.Bad("%s", line)
}
