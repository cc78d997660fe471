"""Organizations and their users, as the bank asks for them (R9.1; screens.md, Machine)."""

from datetime import datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.credentials import account_stream, organization_stream
from domain.fact import Fact
from projections.answers import OrganizationRow, UserRow
from projections.people import People
from projections.runner import Connection, catch_up, start
from tests.support.accounts import COMMITMENT, DAY, HOUR, NINE, fact
from tests.support.log import MemoryLog, cut

VIEW = People()


def organization(log: MemoryLog, code: str, name: str = "見本商事株式会社", at: datetime = NINE) -> None:
    append(log, code, fact("OrganizationRegistered", at, code=code, name=name, contact=1, commitment=COMMITMENT))


def append(log: MemoryLog, code: str, *facts: Fact) -> None:
    log.append(organization_stream(code), facts)


def user(log: MemoryLog, user_id: str, code: str | None, role: str = "general") -> None:
    registered = fact(
        "UserRegistered",
        NINE,
        user_id=user_id,
        role=role,
        organization=code,
        person=1,
        commitment=COMMITMENT,
        credential=1,
        password_until=NINE + DAY,
    )
    log.append(account_stream(user_id), [registered])


def closed(log: MemoryLog, user_id: str) -> None:
    log.append(account_stream(user_id), [fact("AccountClosed", NINE + HOUR, reason="deleted")])


def organizations(connection: Connection, log: MemoryLog, code: str | None = None) -> list[OrganizationRow]:
    catch_up(connection, VIEW, log)
    with connection.cursor() as cursor:
        return VIEW.organizations(cursor, code=code).items


def users(connection: Connection, log: MemoryLog, code: str | None = None) -> list[UserRow]:
    catch_up(connection, VIEW, log)
    with connection.cursor() as cursor:
        return VIEW.users(cursor, organization=code).items


def test_an_organization_is_listed_with_its_settings_and_no_master_yet(connection: Connection, log: MemoryLog) -> None:
    organization(log, "ORG0001")

    (row,) = organizations(connection, log)

    assert row == OrganizationRow(
        code="ORG0001",
        name="見本商事株式会社",
        p12_profile="modern",
        issuance_code="off",
        language="ja",
        master=None,
        general_users=0,
        registered_at=NINE,
        closed_at=None,
    )


def test_settings_and_master_are_the_last_ones_recorded(connection: Connection, log: MemoryLog) -> None:
    organization(log, "ORG0001")
    append(
        log,
        "ORG0001",
        fact("OrganizationSettingChanged", NINE, p12_profile="legacy", issuance_code="off", language="en"),
        fact("MasterRegistered", NINE, user_id="hanako1"),
    )

    (row,) = organizations(connection, log)

    assert (row.p12_profile, row.language, row.master) == ("legacy", "en", "hanako1")


def test_an_initialized_organization_has_no_master_until_the_next_one_registers(
    connection: Connection, log: MemoryLog
) -> None:
    organization(log, "ORG0001")
    append(
        log,
        "ORG0001",
        fact("MasterRegistered", NINE, user_id="hanako1"),
        fact("MasterInitialized", NINE + HOUR, user_id="hanako1"),
    )
    (before,) = organizations(connection, log)
    append(log, "ORG0001", fact("MasterRegistered", NINE + DAY, user_id="hanako2"))

    (after,) = organizations(connection, log)

    assert (before.master, after.master) == (None, "hanako2")


def test_a_closed_organization_stays_in_the_list_with_the_time(connection: Connection, log: MemoryLog) -> None:
    organization(log, "ORG0001")
    organization(log, "ORG0002")
    append(log, "ORG0001", fact("OrganizationClosed", NINE + HOUR))

    rows = organizations(connection, log)

    assert [(row.code, row.closed_at) for row in rows] == [("ORG0001", NINE + HOUR), ("ORG0002", None)]


def test_what_happens_to_an_organization_nobody_registered_makes_no_row(connection: Connection, log: MemoryLog) -> None:
    append(log, "ORG0001", fact("MasterInitialized", NINE, user_id=None), fact("OrganizationClosed", NINE))

    assert organizations(connection, log) == []


def test_general_users_are_counted_until_they_are_closed_and_the_master_is_not(
    connection: Connection, log: MemoryLog
) -> None:
    organization(log, "ORG0001")
    for user_id in ("taro01", "jiro02", "saburo3"):
        user(log, user_id, "ORG0001")
    user(log, "hanako1", "ORG0001", "master")
    closed(log, "jiro02")

    (row,) = organizations(connection, log, "org0001")

    assert row.general_users == 2


def test_a_closed_user_stays_in_the_list_with_the_time(connection: Connection, log: MemoryLog) -> None:
    organization(log, "ORG0001")
    user(log, "taro01", "ORG0001")
    closed(log, "taro01")

    (row,) = users(connection, log, "org0001")

    assert (row.user_id, row.closed_at) == ("taro01", NINE + HOUR)


def test_staff_belong_to_no_organization(connection: Connection, log: MemoryLog) -> None:
    user(log, "morita01", None, "bank_admin")

    (row,) = users(connection, log)

    assert (row.role, row.organization) == ("bank_admin", None)


def test_pages_follow_one_another_without_regard_to_case(connection: Connection, log: MemoryLog) -> None:
    for code in ("b0001", "A0001", "C0001"):
        organization(log, code)
    catch_up(connection, VIEW, log)

    with connection.cursor() as cursor:
        first = VIEW.organizations(cursor, limit=2)
        second = VIEW.organizations(cursor, after=first.next, limit=2)

    assert [row.code for row in [*first.items, *second.items]] == ["A0001", "b0001", "C0001"]
    assert second.next is None


def test_names_are_found_by_code_and_unknown_ones_left_out(connection: Connection, log: MemoryLog) -> None:
    organization(log, "ORG0001", "見本商事株式会社")
    organization(log, "ORG0002", "さくら精機労働組合")
    organization(log, "ORG0003")
    catch_up(connection, VIEW, log)

    with connection.cursor() as cursor:
        found = VIEW.names(cursor, {"ORG0001", "org0002", "NONE"})
        none = VIEW.names(cursor, [])

    assert found == {"ORG0001": "見本商事株式会社", "ORG0002": "さくら精機労働組合"}
    assert none == {}


STEPS = st.lists(st.tuples(st.sampled_from(["register", "close"]), st.integers(0, 5)), max_size=20)
PAGES = st.lists(st.integers(1, 6), min_size=1, max_size=6)


@settings(max_examples=15, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, lengths=PAGES)
def test_folded_in_any_pages_the_rows_are_the_same(
    connection: Connection, steps: list[tuple[str, int]], lengths: list[int]
) -> None:
    log, open_users = MemoryLog(), set[int]()
    organization(log, "ORG0000")
    organization(log, "ORG0001")
    seen = set[int]()
    for act, number in steps:
        if act == "register" and number not in seen:
            seen.add(number)
            open_users.add(number)
            user(log, f"user000{number}", f"ORG000{number % 2}")
        elif act == "close" and number in open_users:
            open_users.remove(number)
            closed(log, f"user000{number}")

    start(connection, VIEW)
    with connection.transaction(force_rollback=True), connection.cursor() as cursor:
        for page in cut(log.entries(0, 1000), lengths):
            VIEW.fold(cursor, page)
        counted = {row.code: row.general_users for row in VIEW.organizations(cursor).items}
        listed = {row.user_id for row in VIEW.users(cursor).items if row.closed_at is None}

    assert counted == {f"ORG000{half}": len([one for one in open_users if one % 2 == half]) for half in (0, 1)}
    assert listed == {f"user000{number}" for number in open_users}
