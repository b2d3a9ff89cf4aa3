package quiesce

import "strings"

// LabelPrefix starts every label and annotation of lull's.
const LabelPrefix = "lull/"

// LabelEngine names the engine, or None.
const LabelEngine = LabelPrefix + "engine"

// The commands of lull/engine=exec, which may stand beside any other engine.
const (
	LabelQuiesce = LabelPrefix + "quiesce-exec"
	LabelRelease = LabelPrefix + "release-exec"
	LabelReady   = LabelPrefix + "ready-exec"
)

// Label is one label or annotation that lull reads.
type Label struct {
	Key     string // with the prefix
	Values  string // what it may say
	Meaning string // one line
}

// Labels lists every label that lull reads, in the order of the documentation.
func Labels() []Label {
	return []Label{
		{LabelEngine, strings.Join(append(Engines(), None), ", "), "the database in the container; none switches lull off"},
		{LabelPrefix + "mode", "flush, fence, none", "how the database is made quiet before the freeze"},
		{LabelPrefix + "require", "clean, flushed, crash-consistent", "a checkpoint below this level is refused"},
		{LabelPrefix + "in-flight", "keep, abort, terminate", "what happens to write transactions that outlive the drain"},
		{LabelPrefix + "drain-timeout", "a duration", "how long open write transactions are waited for"},
		{LabelPrefix + "pause-budget", "a duration", "how long a pause may take before the container is frozen as it is"},
		{LabelPrefix + "max-frozen", "a duration", "how long a checkpoint may keep the container frozen"},
		{LabelPrefix + "restore-deadline", "a duration", "how soon a restored database must be ready and verified"},
		{LabelPrefix + "connections", "close, keep, refuse", "what happens to the clients' connections in the checkpoint"},
		{LabelPrefix + "volumes", "auto, fingerprint", "whether the database's files are captured or only fingerprinted"},
		{LabelPrefix + "max-copy", "a size", "more bytes than this are not copied while frozen"},
		{LabelPrefix + "on-drift", "refuse, rollback, cold", "what a restore does when the files were written since"},
		{LabelQuiesce, "a command", "run in the container before the freeze; it has ended before the dump"},
		{LabelRelease, "a command", "run after the thaw, after a failure, and in every restored copy; idempotent"},
		{LabelReady, "a command", "run in a restored copy until it succeeds"},
		{LabelPrefix + "exec-timeout", "a duration", "how long one of these commands may take"},
		{LabelPrefix + "data-folders", "paths, with commas", "where a service of lull/engine=exec keeps its files"},
		{LabelPrefix + "validate.NAME", "a query", "asked at the cut and again after a restore"},
		{LabelPrefix + "validate.NAME.op", "eq, ge", "how the two answers are compared"},
		{LabelPrefix + "operator", "refuse, allow", "whether a database that an operator manages is checkpointed"},
		{LabelPrefix + "user", "a name", "the database user that lull connects as"},
		{LabelPrefix + "database", "a name", "the database that lull connects to"},
		{LabelPrefix + "password-env", "a variable's name", "the container's variable that holds the password"},
		{LabelPrefix + "password-file", "a path", "the container's file that holds the password"},
	}
}
