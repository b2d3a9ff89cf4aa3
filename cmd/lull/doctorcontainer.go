package main

import (
	"context"
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"

	"github.com/lull-containers/lull/criu"
	"github.com/lull-containers/lull/internal/rawspec"
	"github.com/lull-containers/lull/quiesce"
)

// containerFindings looks at one container: what would stop its checkpoint.
func (a *app) containerFindings(ctx context.Context, id string) ([]criu.Finding, error) {
	client, ctx, err := a.connect(ctx)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	s, err := a.loadSubject(ctx, client, id)
	if err != nil {
		return nil, err
	}
	all := []criu.Finding{s.detectionFinding(), s.servedFinding(), a.settingsFinding(s), networkFinding(s.spec)}
	all = append(all, shmFindings(s.spec)...)
	all = append(all, dockerFindings(s)...)
	all = append(all, s.processFindings()...)
	return append(all, s.pastFindings()...), nil
}

func (s *subject) detectionFinding() criu.Finding {
	switch {
	case s.wrong != nil:
		return bad(criu.Fail, "database", s.wrong, "correct the label or annotation and make the container again")
	case s.found.Engine == quiesce.None:
		return okay("database", "lull is switched off by %s", s.found.Detail)
	case !s.database():
		return criu.Finding{Severity: criu.Warn, Check: "database", What: "no database was recognised: the stock shim serves it",
			Remedy: "if it is one, make the container again with the label or annotation " + quiesce.LabelEngine}
	}
	text := s.found.Engine + ", by its " + s.found.By
	if s.found.Detail != "" {
		text += " (" + s.found.Detail + ")"
	}
	return okay("database", "%s", text)
}

func (s *subject) servedFinding() criu.Finding {
	switch {
	case s.record != nil:
		return okay("lull", "its shim is lull's (process %d), phase %s", s.record.ShimPid, s.record.Phase)
	case !s.database():
		return okay("lull", "does not serve it")
	case !s.alive():
		return okay("lull", "it does not run")
	}
	return criu.Finding{Severity: criu.Fail, Check: "lull", What: "it runs without lull: a checkpoint would not be consistent",
		Remedy: "see `lull doctor`, then start the container again"}
}

func (a *app) settingsFinding(s *subject) criu.Finding {
	cfg, err := a.config()
	if err != nil {
		return bad(criu.Fail, "settings", err, "")
	}
	settings, err := cfg.For(merged(s.spec.Annotations, s.info.Labels))
	if err != nil {
		return bad(criu.Fail, "settings", err, "correct the label and make the container again")
	}
	return okay("settings", "require %s, connections %s, on-drift %s", settings.Require, settings.Connections, settings.OnDrift)
}

// merged lays labels over annotations.
func merged(annotations, labels map[string]string) map[string]string {
	all := lullLabels(annotations)
	for k, v := range lullLabels(labels) {
		all[k] = v
	}
	return all
}

func networkFinding(spec *specs.Spec) criu.Finding {
	if spec.Linux != nil {
		for _, ns := range spec.Linux.Namespaces {
			if ns.Type == specs.NetworkNamespace && ns.Path != "" {
				return okay("network", "its namespace is given by the client")
			}
			if ns.Type == specs.NetworkNamespace {
				return okay("network", "a namespace of its own")
			}
		}
	}
	return criu.Finding{Severity: criu.Warn, Check: "network", What: "it uses the host's network: clients on this host can reach it while it is restored elsewhere",
		Remedy: "give it a network namespace"}
}

// shmFindings looks for a /dev/shm that is not the container's own: CRIU saves
// mounts of the spec, not what is behind a bind mount.
func shmFindings(spec *specs.Spec) []criu.Finding {
	i := slices.IndexFunc(spec.Mounts, func(m specs.Mount) bool { return m.Destination == "/dev/shm" })
	if i < 0 || !rawspec.IsBind(spec.Mounts[i]) {
		return nil
	}
	return []criu.Finding{{Severity: criu.Warn, Check: "/dev/shm",
		What:   "/dev/shm is a bind mount of " + spec.Mounts[i].Source + ", whose contents go when the container stops",
		Remedy: "Docker: --ipc=private; pods: nothing shared, or dynamic_shared_memory_type=mmap in PostgreSQL"}}
}
