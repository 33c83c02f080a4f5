# Everything that is made here stays in the clone: .venv*, .collections, .cache and .lab, all ignored by git.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help venv tools demo lab test clean

python := .venv/bin/python
runtime := requirements.txt tests/requirements-run.txt
checks := $(python) tests/ci/run_checks.py

help: ## Say what can be made
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22
	@echo "  make CHECK           Run one check by its name: $$(sed -nE 's/^    Check\("([a-z0-9-]+)".*/\1/p' tests/ci/checks.py | paste -sd' ' -)"

venv: ## Prepare .venv and .collections, so that playbooks and the lab run from here
	@python=$$(tests/ci/find-python.sh) && "$$python" tests/ci/venv.py $(runtime)

tools: venv
	@$(python) tests/ci/venv.py $(runtime) tests/requirements.txt

demo: venv ## Integrate the litware farm of the lab: check, apply, apply again (under two minutes)
	@$(python) tests/demo.py

lab: venv ## Start the lab, leave it running, and say how to use it
	@$(python) tests/ci/lab.py

test: tools ## Run every check of the project
	@$(checks)

clean: ## Stop the default lab and remove all that was made here
	@if [ -x $(python) ] && [ -d .lab/default ]; then $(python) tests/lab down || true; fi
	rm -rf .venv .venv-* .collections .cache .lab dist
