# Every target works from a clean clone: it installs what it needs and says what it does. `make help` lists them.
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
RUST := Cargo.toml Cargo.lock $(shell find crates -name '*.rs' -o -name Cargo.toml)
WORKERS ?= auto

.PHONY: help setup run test check fix demo bench bench-idle soak docs clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(VENV)/.built ## Build and install into .venv; the program is then .venv/bin/stockade

$(VENV)/.packages: pyproject.toml tools/setup
	@tools/setup packages
	@touch $@

$(VENV)/.built: $(VENV)/.packages $(RUST)
	@tools/setup build
	@touch $@

$(VENV)/.tested-with: $(VENV)/.built tools/setup
	@tools/setup test-tools
	@touch $@

run: setup ## Start the daemon in the foreground on the shipped configuration (ledger and socket under build/)
	@tools/setup firewall
	@mkdir -p build/run
	@$(BIN)/stockade run --state build/run/state --socket build/run/control.sock

test: $(VENV)/.tested-with ## Run every test
	@cargo test --quiet -p stockade-scanner --no-default-features
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

check: $(VENV)/.packages ## Format, lint and types: under a minute
	@tools/setup check-tools
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet . && $(BIN)/mypy
	@cargo fmt --check && cargo clippy --quiet --all-targets -- -D warnings
	@echo "check: format, lint and types are clean"

fix: $(VENV)/.packages ## Format and mend what can be mended by machine
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet . ; cargo fmt

demo: $(VENV)/.tested-with ## A real ssh client fails to log in to a real sshd and is banned, in private network namespaces
	@$(BIN)/python -m tools.demo

bench: $(VENV)/.built ## Measure against fail2ban's own engine in the same run
	@tools/setup peers
	@$(BIN)/python -m bench.run

bench-idle: $(VENV)/.built ## Measure what the daemon costs while nothing happens, with 1 and with 10,000 log files (root)
	@$(BIN)/python -m bench.idle

soak: $(VENV)/.tested-with ## The long versions of the fault tests: 1,000 rounds of kill -9, 200 timed bans, 6 million expressions on lines
	@STOCKADE_SOAK=1 $(BIN)/python -m pytest -m soak -s tests/faults/test_kill_daemon.py tests/faults/test_rotation_fuzz.py \
		tests/real/test_latency.py \
		tests/real/test_sources_journald.py
	@STOCKADE_PARITY_PAIRS=1200000 $(BIN)/python -m pytest -s tests/properties/test_match_parity.py

clean: ## Remove everything that was built
	@rm -rf $(VENV) build target src/stockade/*.so .pytest_cache .mypy_cache .ruff_cache .hypothesis
