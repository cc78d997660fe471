"""As tests/support/scenes.py, for the forms by which a master and the bank act on others.

Each act is done on something of its own, so that the right form always does it; the own password typed is right.
"""

from collections.abc import Mapping
from functools import partial
from uuid import UUID

from application.approvals import Approvals
from application.ports import Changes
from domain.fact import WORKER
from domain.notification import NotificationRequested, notification_from
from domain.policy import Policy
from tests.support.applicants import Letter
from tests.support.house import NINE, RIGHT
from tests.support.members import register
from tests.support.scenes import Scene, SetScene, Stage

PERSON = {"name": "見本 三郎", "email": "saburo@example.com"}
ORGANIZATIONS = "/bank/organizations"
ANOTHER_ADMIN = "bank0002"


def before(stage: Stage, who: str, path: str, **typed: str) -> Scene:
    """The form of the page at its own address, with the own password."""
    stage.project()
    stage.inside(who)
    return stage.before(path, path, own_password=RIGHT, **typed)


# ---- a master, on users


def new_user(stage: Stage) -> Scene:
    return before(stage, stage.master(), "/users/new", user_id=stage.name(), **PERSON)


def change_of_user(stage: Stage) -> Scene:
    master, user_id = stage.master(), stage.name()
    register(stage.house, user_id, master)
    return before(stage, master, f"/users/{user_id}", **PERSON)


def on_user(act: str, stage: Stage) -> Scene:
    master, user_id = stage.master(), stage.name()
    register(stage.house, user_id, master)
    if act == "release":
        stage.house.fail(6, user_id)
    if act == "resume":
        stage.house.desk.members.suspend(master, user_id, NINE)
    return before(stage, master, f"/users/{user_id}/{act}")


# ---- the bank, on organizations


def new_organization(stage: Stage) -> Scene:
    return before(stage, stage.admin(), f"{ORGANIZATIONS}/new", code=stage.name().upper(), **PERSON)


def change_of_organization(stage: Stage) -> Scene:
    code = stage.name().upper()
    stage.house.organization(code)
    typed = {"p12_profile": "legacy", "issuance_code": "on", "language": "en"}
    return before(stage, stage.admin(), f"{ORGANIZATIONS}/{code}", **typed)


def on_organization(act: str, stage: Stage) -> Scene:
    code = stage.name().upper()
    stage.house.organization(code)
    if act == "release":
        Letter(stage.house, "", code).fail(6)
    return before(stage, stage.admin(), f"{ORGANIZATIONS}/{code}/{act}")


# ---- the bank, on accounts, certificates, mails and approvals


def release(stage: Stage) -> Scene:
    user_id = stage.someone()
    stage.house.fail(6, user_id)
    return before(stage, stage.admin(), f"/bank/accounts/{user_id}/release")


def serial(stage: Stage) -> str:
    """Of a live certificate."""
    user_id = stage.someone()
    stage.house.issue(user_id)
    return str(stage.house.certificate(user_id=user_id).serial)


def revocation(stage: Stage) -> Scene:
    asked = {"reason": "lost", "requested_by": "見本 花子", "paper_number": "2026-17"}
    return before(stage, stage.admin(), f"/bank/certificates/{serial(stage)}/revoke", **asked)


def resending(stage: Stage) -> Scene:
    store = stage.house.store
    stream = next(each.stream for each in store.entries(0, 1000) if isinstance(each.fact, NotificationRequested))
    facts = store.load(stream)
    mail = notification_from(facts)
    assert mail is not None
    store.save(Changes(stream, len(facts), mail.give_up("refused", 40, WORKER, NINE)))
    stage.project()
    stage.inside(stage.admin())
    return stage.before("/bank/mails?state=given_up", f"/bank/mails/{stream}/resend")


def approval_asked(stage: Stage) -> UUID:
    """By another admin, for the end of a certificate."""
    house, desk = stage.house, stage.house.desk
    two = Approvals(house.store, house.people, desk.revocation, desk.organizations, Policy(approval="two_persons"))
    found = two.revoke(serial(stage), "lost", ANOTHER_ADMIN, NINE)
    assert found is not None
    return found


def on_approval(act: str, stage: Stage) -> Scene:
    return before(stage, stage.admin(), f"/bank/approvals/{approval_asked(stage)}/{act}")


OF_A_MASTER: Mapping[str, SetScene] = {
    "/users/new": new_user,
    "/users/{user_id}": change_of_user,
    **{
        f"/users/{{user_id}}/{act}": partial(on_user, act) for act in ("release", "suspend", "resume", "reset", "close")
    },
}
OF_THE_BANK: Mapping[str, SetScene] = {
    f"{ORGANIZATIONS}/new": new_organization,
    f"{ORGANIZATIONS}/{{code}}": change_of_organization,
    **{f"{ORGANIZATIONS}/{{code}}/{act}": partial(on_organization, act) for act in ("initialize", "release", "close")},
    "/bank/accounts/{user_id}/release": release,
    "/bank/certificates/{serial}/revoke": revocation,
    "/bank/mails/{notification}/resend": resending,
    **{f"/bank/approvals/{{approval}}/{act}": partial(on_approval, act) for act in ("approve", "refuse")},
}
