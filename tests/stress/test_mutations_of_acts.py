"""As in test_mutations.py, for the forms behind the log-in: of the bank, of a master, and of oneself (Q12, R9.2, R6.4).

The own password sent is the right one, so that a spoilt form comes as far as it can, and each is sent for something
that it can still be done on.
"""

import random
from collections.abc import Mapping

import pytest

from tests.support.scenes import OWN, SetScene, Stage, stage
from tests.support.scenes_of_acts import OF_A_MASTER, OF_THE_BANK
from tests.support.stress_table import record
from tests.support.trials import BETWEEN, Trial

__all__ = ["stage"]

COMMAND = "make stress"
SEED = 13
SHORT, LONG = 25, 2000  # mutations of each form


@pytest.mark.parametrize(
    ("whose", "forms"), [("bank", OF_THE_BANK), ("master", OF_A_MASTER), ("own", OWN)], ids=["bank", "master", "own"]
)
def test_no_mutation_of_a_form_behind_the_log_in_is_too_much(
    stage: Stage, whose: str, forms: Mapping[str, SetScene], long: bool
) -> None:
    chance = random.Random(f"{SEED} {whose}")  # noqa: S311  (a test's chance, that a failure can repeat)
    trial, count = Trial(), LONG if long else SHORT

    for set_scene in forms.values():
        trial.spoil(stage, set_scene, count, chance)

    assert trial.wrong == []
    assert (trial.kept_out, trial.let_in) == ([], count // BETWEEN * len(forms))
    record(f"Q12-acts-{whose}", f"{count} mutations of the form of each of {', '.join(forms)}", trial.told(), COMMAND)
