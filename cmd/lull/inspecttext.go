package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

func (a *app) inspectContainer(ctx context.Context, id string) (inspection, error) {
	seen := inspection{Kind: "container", Name: id}
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return seen, err
	}
	defer client.Close()
	s, err := a.loadSubject(ctx, client, id)
	if err != nil {
		return seen, err
	}
	row := rowOf(s, time.Now())
	seen.Name, seen.Container, seen.subject = s.info.ID, &row, s
	return seen, nil
}

func (a *app) printInspection(i inspection) {
	if i.Container != nil {
		printSections(a.out, a.colour(), []section{containerSection(i.subject, i.Container)})
		return
	}
	fmt.Fprintf(a.out, "%s %s: %s\n\n", strings.ToUpper(i.Kind[:1])+i.Kind[1:], i.Name, i.verdict(a.colour()))
	printSections(a.out, a.colour(), manifestSections(i.Manifest))
}

func (i inspection) verdict(c colour) string {
	switch {
	case i.Problem != "":
		return c.red("a restore will refuse it: " + i.Problem)
	case i.Verified:
		return c.green("sealed, every byte is as it was sealed")
	}
	return c.green("sealed") + "; --verify compares every byte"
}

func containerSection(s *subject, row *psRow) section {
	sec := section{title: "Container " + s.info.ID}
	sec.add("namespace", "%s", row.Namespace)
	sec.add("image", "%s", row.Image)
	sec.add("runtime", "%s", s.info.Runtime.Name)
	sec.add("state", "%s", row.state)
	sec.add("lull", "%s", servedText(*row))
	sec.add("database", "%s", databaseText(s, row))
	sec.add("checkpoint", "%s", lastCheckpoint(row))
	sec.add("error", "%s", row.Error)
	sec.add("warnings", "%s", strings.Join(row.Warnings, "\n"))
	if s.record != nil {
		sec.add("checked", "%s", strings.Join(s.record.Checked, "\n"))
	}
	return sec
}

func databaseText(s *subject, row *psRow) string {
	if !s.database() {
		return "none that lull knows"
	}
	text := strings.TrimSpace(row.Engine+" "+row.Version) + ", detected by " + orDash(row.DetectedBy)
	if s.found.Detail != "" {
		text += " (" + s.found.Detail + ")"
	}
	return text
}

func lastCheckpoint(row *psRow) string {
	if row.Checkpoint == "" {
		return ""
	}
	return strings.TrimSuffix(row.Checkpoint+", "+row.Level, ", ")
}
