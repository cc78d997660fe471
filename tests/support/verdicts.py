"""What no answer may have whatever was sent, and what each must have: counted, and told in one line (Q12)."""

from collections import Counter

from httpx2 import Response

from tests.support.html import Page
from web.app import HEADERS


def faults_of(answer: Response) -> list[str]:
    """What no answer may have, and what each must have."""
    own = {name.decode(): value.decode() for name, value in HEADERS}
    faults = [name for name, value in own.items() if answer.headers.get(name) != value]
    if answer.status_code >= 500:
        faults.append(f"status {answer.status_code}")
    if "Traceback" in answer.text or 'File "' in answer.text:
        faults.append("a bug's words")
    if answer.headers.get("content-type", "").startswith("text/html") and answer.text and not Page(answer.text).h1:
        faults.append("no heading")
    location = answer.headers.get("location", "/")
    return faults if location.startswith("/") and not location.startswith("//") else [*faults, location]


def judged(answers: Counter[int], wrong: list[object], answer: Response, sent: object) -> None:
    answers[answer.status_code] += 1
    if faults := faults_of(answer):
        wrong.append((faults, sent))


def told(answers: Counter[int], wrong: list[object]) -> str:
    return f"{counted(answers, wrong)}; security headers on each"


def counted(answers: Counter[int], wrong: list[object]) -> str:
    statuses = ", ".join(f"{times} x {status}" for status, times in sorted(answers.items()))
    return f"{len(wrong)} wrong; {statuses}"
