# Everything that is made here stays in the clone: .venv*, .collections, .cache and .lab, all ignored by git.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

python := .venv/bin/python
needs := requirements.txt tests/requirements-run.txt
tools := tests/unit/requirements.txt tests/requirements.txt
checks := $(filter-out demo,$(shell sed -nE 's/^\[([a-z-]+)\]$$/\1/p' tests/ci/checks.toml))

.PHONY: help venv tools demo lab test strangers clean $(checks)

help: ## Say what can be made
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 18
	@echo "One check of make test by its name:"
	@echo "  make $(checks)" | fold -s -w 100 | sed '2,$$s/^/       /'

venv: ## Prepare .venv and .collections, so that playbooks and the lab run from here (PYTHON=... chooses one)
	@python=$$(tests/ci/find-python.sh) && "$$python" tests/ci/make_venv.py $(needs)

tools: venv
	@$(python) tests/ci/make_venv.py $(needs) $(tools)
	@$(python) tests/ci/kerberos_wheels.py

demo: venv ## Integrate the lab's litware farm: check, apply, apply again (VERBOSE=1 shows Ansible's output; KERBEROS=1 uses tickets)
	@$(if $(filter-out 0,$(KERBEROS)),$(python) tests/ci/kerberos_wheels.py)
	@$(python) tests/ci/demo.py

lab: venv ## Start the lab, leave it running and say how to use it (SCENARIO=contoso, LATENCY=real)
	@$(python) tests/ci/lab.py --scenario $(or $(SCENARIO),litware) --latency $(or $(LATENCY),none)

test: tools ## Run every check of the project
	@$(python) tests/ci/run_checks.py

$(checks): tools
	@$(python) tests/ci/run_checks.py $@

strangers: tools ## Run clients that nobody here wrote against the lab: pypsrp's and pywinrm's own tests, Ansible's plugins, winrmcp (minutes)
	@$(python) tests/ci/make_venv.py --dir .venv-strangers tests/strangers/requirements.txt
	@$(python) tests/strangers/run.py

clean: ## Stop the labs and remove all that was made here
	@for state in .lab/*/; do if [ -f "$$state/lab.json" ]; then $(python) tests/lab down --state "$$state"; fi; done
	rm -rf .venv .venv-* .collections .cache .lab dist tests/output
