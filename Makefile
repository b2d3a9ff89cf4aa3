# lull: consistent checkpoints for database containers.
# `sudo make demo` shows it, `sudo make test` proves it; both start from nothing.

SHELL       := /bin/bash -o pipefail
.DEFAULT_GOAL := help

# Everything that is downloaded or built for the lab is kept here, by version.
export LULL_LAB_CACHE ?= /var/cache/lull-lab
PREFIX      ?= /usr/local
DURATION    ?= 10m
E2E         ?= .
ONLY        ?= .
DEMO        ?=
DAEMON      ?=

# The bootstrap finds or brings a Go that is new enough and says where it is.
GOPATHED     = PATH="$$(cat $(LULL_LAB_CACHE)/go-path 2>/dev/null):$$PATH"
GO           = $(GOPATHED) go
LAB          = $(GO) run ./lab/cmd/lab
# A checkout of somebody else's is not git's to read under sudo.
STAMP       := $(shell git rev-parse HEAD >/dev/null 2>&1 && echo true || echo false)
BINARIES    := ./cmd/lull ./cmd/lull-agent ./cmd/containerd-shim-lull-v2 ./cmd/containerd-shim-runc-v2
UNIT         = $$($(GO) list ./... | grep -v -e /test/e2e -e /test/torture)
# An end-to-end test that fails gets a second try; the report lists it.
E2ETEST      = go test -json -tags failpoint -count=1 -timeout 80m
# How go test exits decides nothing by itself: its events do, after the second try.
EXITS        = || echo "{\"Action\":\"exit\",\"Elapsed\":$$?}"
E2EENV       = LULL_E2E=1 LULL_E2E_BIN=$(CURDIR)/bin/e2e
REPORT       = $(E2EENV) $(GO) run ./test/skips -again /e2e $(E2ETEST)
# The tests that fill the cells of docs/COMPATIBILITY.md.
MATRIX       = ^(TestContainerd|TestMatrix.*|TestCRI|TestRunc|TestPodman|TestCgroup2|TestConfined)$$
GOLANGCI    := v2.15.0

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: prereqs
prereqs:
	@lab/bootstrap.sh

.PHONY: build
build: ## the binaries, into bin/
	@[ -x bin/lull ] || echo 'building lull; the first time takes a minute' >&2
	@CGO_ENABLED=0 $(GO) build -buildvcs=$(STAMP) -trimpath -ldflags '-s -w' -o bin/ $(BINARIES)

# With failpoints, once for all packages of end-to-end tests.
.PHONY: e2e-bin
e2e-bin: prereqs
	@CGO_ENABLED=0 $(GO) build -buildvcs=false -tags failpoint -o bin/e2e/ ./cmd/...

.PHONY: demo
demo: prereqs build ## a PostgreSQL under load, checkpointed by ctr, killed, restored, verified
	@$(LAB) build containerd runc criu pgclient $(if $(filter hub,$(LAB_IMAGES)),,postgres-13)
	@$(GO) run ./lab/cmd/demo $(DEMO)

.PHONY: test
test: prereqs lab e2e-bin ## everything: unit, conformance, end to end
	@{ $(GO) test -json $(UNIT) $(EXITS); \
	   $(E2EENV) $(GOPATHED) $(E2ETEST) ./lab ./test/e2e/... $(EXITS); } | $(REPORT)

.PHONY: unit
unit: ## tests that need neither root nor lab
	@{ $(GO) test -json $(UNIT) $(EXITS); } | $(REPORT)

.PHONY: e2e
e2e: prereqs lab e2e-bin ## end-to-end tests; E2E=regexp selects
	@{ $(E2EENV) $(GOPATHED) $(E2ETEST) -run '$(E2E)' ./test/e2e/... $(EXITS); } | $(REPORT)

.PHONY: e2e-full
e2e-full: prereqs lab e2e-bin ## end-to-end tests with those that take long; E2E=regexp selects
	@{ $(E2EENV) LULL_E2E_FULL=1 $(GOPATHED) $(E2ETEST) -run '$(E2E)' ./test/e2e/... $(EXITS); } | $(REPORT)

.PHONY: compat
compat: CELLS := $(shell mktemp -u)
compat: prereqs lab ## docs/COMPATIBILITY.md, made of a run of the matrix
	@LULL_E2E_CELLS=$(CELLS) $(MAKE) --no-print-directory e2e-full E2E='$(MATRIX)'; ended=$$?; \
	  $(GO) run ./test/compat $(CELLS) >docs/COMPATIBILITY.md.new && mv docs/COMPATIBILITY.md.new docs/COMPATIBILITY.md && exit $$ended

.PHONY: bench
bench: prereqs build lab ## measurements into bench/results; ONLY=name selects
	@$(GO) run ./bench -only '$(ONLY)'

.PHONY: torture
torture: prereqs lab ## random checkpoints, kills and restores for DURATION
	@LULL_E2E=1 LULL_TORTURE=$(DURATION) $(GO) test -json -tags failpoint -count=1 -timeout 0 ./test/torture/... | $(REPORT)

.PHONY: lint
lint: ## golangci-lint with the layer rules, and shellcheck where it is installed
	@$(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI) run
	@if command -v shellcheck >/dev/null; then shellcheck $$(git ls-files '*.sh' .ci/run); else echo 'shellcheck is not installed: scripts were not checked'; fi

.PHONY: lab
lab: prereqs ## build the lab: CRIU, containerd, runc, database images
	@$(LAB) build

.PHONY: lab-status
lab-status: ## what the lab has and what runs
	@$(LAB) status

.PHONY: lab-shell
lab-shell: prereqs build lab ## a shell with a containerd running and everything on PATH, lull in place
	@$(LAB) shell --lull bin

.PHONY: lab-down
lab-down: ## end and remove what the lab runs, all of it or DAEMON=name; its cache stays
	@$(LAB) down $(DAEMON)

.PHONY: install
install: build ## lull in the stock shim's place, programs in PREFIX/bin; with DESTDIR only the programs
	$(if $(DESTDIR),install -D -t $(DESTDIR)$(PREFIX)/bin bin/lull bin/lull-agent bin/containerd-shim-lull-v2 \
	  && install -D bin/containerd-shim-runc-v2 $(DESTDIR)$(PREFIX)/libexec/lull/containerd-shim-runc-v2,bin/lull install --bin $(PREFIX)/bin)

.PHONY: uninstall
uninstall: ## the stock shim back in its place, lull's programs gone
	$(PREFIX)/bin/lull uninstall
