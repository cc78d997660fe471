# The two commands are `make run` and `make test`; both make what they need first.
.PHONY: run test stress bench check lock screens
PYTHON_TOOLS = .venv/bin

run:
	@./shomei up

test: .venv/.made-from
	@sh tests/debian_packages.sh
	@$(PYTHON_TOOLS)/python -m pytest -n auto --cov --cov-report=term:skip-covered

# Races, crashes and floods in full, into docs/stress.md; one at a time, for each wants the machine for itself.
stress: .venv/.made-from
	@sh tests/debian_packages.sh
	@$(PYTHON_TOOLS)/python -m pytest tests/stress --long --timeout=3600 -p no:xdist

# Speeds as ratios, taken side by side, into docs/benchmarks.md.
bench: .venv/.made-from
	@$(PYTHON_TOOLS)/python -m bench

# Whether the tests would notice a changed line: a minute for the domain; `sh tests/mutants.sh application` takes hours.
mutants: .venv/.made-from
	@sh tests/mutants.sh domain

check: .venv/.made-from
	@$(PYTHON_TOOLS)/ruff check .
	@$(PYTHON_TOOLS)/ruff format --check .
	@$(PYTHON_TOOLS)/mypy
	@$(PYTHON_TOOLS)/lint-imports --no-logo

lock:
	uv pip compile -q --universal --generate-hashes --no-header --no-annotate --python-version 3.11 --group dev \
	  pyproject.toml -o requirements.txt

.venv/.made-from: requirements.txt pyproject.toml
	@./shomei --environment
	@touch $@

# The pictures of README and docs/screens/, taken anew by the journeys through the main job and the bank's day.
screens: .venv/.made-from
	@SCREENS=docs/screens $(PYTHON_TOOLS)/python -m pytest tests/journeys/test_main_job.py tests/journeys/test_bank.py
