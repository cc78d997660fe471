#!/bin/sh
# Mutation testing (Q14): `sh tests/mutants.sh domain` takes a minute, `sh tests/mutants.sh application` three hours.
# In a copy of the tree and an environment of its own; prints what survived, and leaves the folder to look into with
# `mutmut show NAME` there.
set -eu
room=$1
case $room in
  domain) isolation=fork ;;
  application) isolation=forkserver ;;  # its tests start processes, which a fork of a collected run cannot
  *) echo "domain or application" >&2; exit 1 ;;
esac
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
folder=$(mktemp -d)
cp -R "$here/domain" "$here/application" "$here/projections" "$here/web" "$here/infra" "$here/tests" "$here/docs" \
  "$here/pyproject.toml" "$folder"

"$here/.venv/bin/python" -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --disable-pip-version-check -q mutmut==3.8.1
"$here/.venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
  > "$("$folder/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/shomei.pth"

cd "$folder"
cat >> pyproject.toml <<END

[tool.mutmut]
source_paths = ["domain", "application"]
only_mutate = ["$room/*"]
also_copy = ["projections", "web", "infra", "docs", "tests", "pyproject.toml"]
pytest_add_cli_args_test_selection = ["tests/$room"]
pytest_add_cli_args = ["-p", "no:cacheprovider", "-p", "no:xdist", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
process_isolation = "$isolation"
forkserver_warmup = "import"
preload_modules_file = "preloaded"
END
# What every mutant's own run would import and compile anew.
find application infra projections -name '*.py' | sed 's,/,.,g; s,\.py$,,' | grep -v __ > preloaded
echo pytest >> preloaded
unset PYTHONDONTWRITEBYTECODE
"$here/.venv/bin/python" -m tests.support.database venv/bin/mutmut run
venv/bin/mutmut results
echo "in $folder"
