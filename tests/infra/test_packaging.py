"""What is installed and how it is started: the folders, their data, the lock, and the few commands of a clone."""

import re
import tomllib
from importlib.metadata import entry_points, packages_distributions
from importlib.resources import files
from pathlib import Path

import pytest

from infra.cli import main

CLONE = Path(__file__).parents[2]
PROJECT = tomllib.loads((CLONE / "pyproject.toml").read_text())
ROOMS = ["domain", "application", "projections", "web", "infra"]


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_belongs_to_our_distribution_alone(room: str) -> None:
    assert set(packages_distributions()[room]) == {"shomei"}


def test_every_folder_of_ours_is_one_that_is_installed() -> None:
    settings = PROJECT["tool"]["setuptools"]

    packages = {file.parent.relative_to(CLONE).as_posix() for room in ROOMS for file in (CLONE / room).rglob("*.py")}

    assert set(settings["packages"]) == packages == set(ROOMS)


def test_every_file_that_is_no_module_is_installed_as_data() -> None:
    data = PROJECT["tool"]["setuptools"]["package-data"]
    others = [
        (room, file.relative_to(CLONE / room))
        for room in ROOMS
        for file in (CLONE / room).rglob("*")
        if file.is_file() and file.suffix not in (".py", ".pyc")
    ]

    missing = [file for room, file in others if not any(file.match(pattern) for pattern in data.get(room, []))]

    assert missing == []
    assert files("infra").joinpath("schema.sql").is_file()
    assert files("web").joinpath("templates", "layout.html").is_file()


def test_the_command_is_ours() -> None:
    (command,) = entry_points(group="console_scripts", name="shomei")

    assert command.load() is main


def test_each_line_of_the_procfile_is_a_command_there_is() -> None:
    lines = [line.split(": ", 1) for line in (CLONE / "Procfile").read_text().splitlines()]

    assert [name for name, _ in lines] == ["web", "projector", "reminder"]
    for _, command in lines:
        program, word = command.split()
        assert program == "shomei"
        assert word in main.commands


@pytest.mark.parametrize("target", ["run", "test", "check"])
def test_the_makefile_has_the_few_words_one_needs(target: str) -> None:
    assert re.search(rf"^{target}:", (CLONE / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("script", ["shomei", ".ci/run"])
def test_what_is_called_by_its_name_is_executable(script: str) -> None:
    assert (CLONE / script).stat().st_mode & 0o111 == 0o111


def test_each_requirement_is_pinned_with_its_hashes_and_names_no_address() -> None:
    lock = (CLONE / "requirements.txt").read_text()

    requirements = [entry for entry in re.split(r"\n(?=\S)", lock.strip()) if not entry.startswith("#")]

    assert len(requirements) > 20
    assert [entry for entry in requirements if not re.match(r"[a-z0-9][a-z0-9._-]*(\[[a-z,]+\])?==\S+ ", entry)] == []
    assert [entry for entry in requirements if not re.search(r"--hash=sha256:[0-9a-f]{64}", entry)] == []
    assert "://" not in lock
    assert "--index-url" not in lock


def test_each_requirement_of_ours_is_in_the_lock() -> None:
    named = re.compile(r"[A-Za-z0-9._-]+")

    locked = {
        name.group() for line in (CLONE / "requirements.txt").read_text().splitlines() if (name := named.match(line))
    }

    assert {str(found.group()) for need in PROJECT["project"]["dependencies"] if (found := named.match(need))} <= locked
