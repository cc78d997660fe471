"""Forms spoilt many times over, and sent as they are now and then: these must go through (Q12)."""

import random
from collections import Counter
from dataclasses import dataclass, field

from tests.support.scenes import SetScene, Stage
from tests.support.verdicts import judged, told

DONE = (200, 303)
USED_UP = (*DONE, 401)  # the act is done, or a wrong password or code has been counted
BETWEEN = 25  # mutations from one unspoilt form to the next


@dataclass
class Trial:
    """`kept_out` are the answers to unspoilt forms that did not go through, and `let_in` counts those that did."""

    answers: Counter[int] = field(default_factory=Counter)
    wrong: list[object] = field(default_factory=list)
    kept_out: list[object] = field(default_factory=list)
    let_in: int = 0

    def spoil(self, stage: Stage, set_scene: SetScene, count: int, chance: random.Random) -> None:
        """The scene stays as the mutations left it until it is used up, and the unspoilt form comes last."""
        scene = set_scene(stage)
        for number in range(1, count + 1):
            sent = scene.spoilt(chance)
            answer = scene.send(sent)
            judged(self.answers, self.wrong, answer, (scene.path, sent))
            if answer.status_code in USED_UP:
                scene = set_scene(stage)
            if number % BETWEEN == 0:
                answer = scene.send(scene.right())
                if answer.status_code in DONE:
                    self.let_in += 1
                else:
                    self.kept_out.append((scene.path, answer.status_code))
                scene = set_scene(stage)
        stage.server.finish_work()

    def told(self) -> str:
        return f"{told(self.answers, self.wrong)}; all {self.let_in} unspoilt ones between them went through"
