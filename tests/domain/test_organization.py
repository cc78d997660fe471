"""An organization: registered by the bank, its letter, its people, its settings, its end (R6.4, R7.1, R7.4; section 1).

How a master comes in by the letter: tests/domain/test_invitation.py.
"""

import pytest

from domain.errors import AlreadyClosed, MasterExists, NotFound, TooManyUsers
from domain.fact import Fact
from domain.organization import Organization, organization_from
from tests.support.accounts import COMMITMENT, DAY, NINE, fact
from tests.support.invitations import BANK, INVITED, REGISTERED

MOST = 19
MASTER_REGISTERED = fact("MasterRegistered", NINE, by="hanako1", user_id="hanako1")


def settings(profile: str, code: str, language: str) -> Fact:
    return fact("OrganizationSettingChanged", NINE, by=BANK, p12_profile=profile, issuance_code=code, language=language)


def test_registration_is_one_fact() -> None:
    assert Organization.register("org0001", "サンプル組合", COMMITMENT, BANK, NINE) == [REGISTERED]


def test_a_new_organization_issues_modern_packages_without_a_code_by_mail_in_japanese() -> None:
    organization = organization_from([REGISTERED])

    assert organization == Organization(
        code="org0001", name="サンプル組合", p12_profile="modern", issuance_code="off", language="ja"
    )


def test_nothing_recorded_is_no_organization() -> None:
    with pytest.raises(NotFound):
        organization_from([])
    with pytest.raises(NotFound):
        organization_from([INVITED])


def test_each_letter_has_a_password_of_its_own() -> None:
    first = organization_from([REGISTERED])
    second = organization_from([REGISTERED, INVITED])

    assert first.invite_master(NINE + 80 * DAY, BANK, NINE) == [INVITED]
    assert second.credential == 1
    assert second.invite_master(NINE + 81 * DAY, BANK, NINE + DAY) == [
        fact("MasterInvited", NINE + DAY, by=BANK, credential=2, password_until=NINE + 81 * DAY)
    ]


def test_registering_the_master_is_one_fact() -> None:
    organization = organization_from([REGISTERED, INVITED])

    decided = organization.register_master("hanako1", "hanako1", NINE)

    assert decided == [MASTER_REGISTERED]
    assert organization_from([REGISTERED, INVITED, *decided]).master == "hanako1"


def test_an_organization_has_one_master() -> None:
    organization = organization_from([REGISTERED, INVITED, MASTER_REGISTERED])

    with pytest.raises(MasterExists):
        organization.register_master("jiro02", "jiro02", NINE)
    with pytest.raises(MasterExists):
        organization.invite_master(NINE + 80 * DAY, BANK, NINE)


# ---- general users


def with_general_users(how_many: int) -> Organization:
    users = [
        fact("GeneralUserRegistered", NINE, by="hanako1", user_id=f"user{number:03}") for number in range(how_many)
    ]
    return organization_from([REGISTERED, INVITED, MASTER_REGISTERED, *users])


def test_a_general_user_is_told_to_the_organization_too() -> None:
    organization = with_general_users(0)

    decided = organization.register_general_user("taro01", MOST, "hanako1", NINE)

    assert decided == [fact("GeneralUserRegistered", NINE, by="hanako1", user_id="taro01")]
    assert organization.after(decided[0]).general_users == ("taro01",)
    assert organization.after(decided[0]).users == ("hanako1", "taro01")


def test_the_nineteenth_general_user_is_the_last() -> None:
    nineteen = with_general_users(18).register_general_user("taro01", MOST, "hanako1", NINE)

    assert len(nineteen) == 1
    with pytest.raises(TooManyUsers) as refusal:
        with_general_users(19).register_general_user("taro01", MOST, "hanako1", NINE)
    assert refusal.value.most == 19
    with pytest.raises(TooManyUsers):
        with_general_users(20).register_general_user("taro01", MOST, "hanako1", NINE)


@pytest.mark.parametrize("most", [0, 1, 30])
def test_how_many_there_may_be_is_a_setting(most: int) -> None:
    with pytest.raises(TooManyUsers):
        with_general_users(most).register_general_user("taro01", most, "hanako1", NINE)
    assert with_general_users(most).register_general_user("taro01", most + 1, "hanako1", NINE) != []


def test_a_closed_general_user_makes_room() -> None:
    full = with_general_users(19)

    decided = full.close_general_user("user007", "hanako1", NINE + DAY)

    assert decided == [fact("GeneralUserClosed", NINE + DAY, by="hanako1", user_id="user007")]
    after = full.after(decided[0])
    assert "user007" not in after.users
    assert after.register_general_user("taro01", MOST, "hanako1", NINE + DAY) != []


def test_closing_somebody_who_is_none_of_its_general_users_is_no_fact() -> None:
    organization = with_general_users(1)

    assert organization.close_general_user("nobody1", "hanako1", NINE) == []
    assert organization.close_general_user("hanako1", "hanako1", NINE) == []


# ---- initialized, closed


def test_initializing_keeps_the_general_users_and_the_settings() -> None:
    taro = fact("GeneralUserRegistered", NINE, by="hanako1", user_id="taro01")
    organization = organization_from([REGISTERED, INVITED, MASTER_REGISTERED, settings("legacy", "off", "en"), taro])

    for each in organization.initialize(NINE + 81 * DAY, BANK, NINE + DAY):
        organization = organization.after(each)

    assert (organization.master, organization.users) == (None, ("taro01",))
    assert (organization.p12_profile, organization.language) == ("legacy", "en")
    assert organization.password_until == NINE + 81 * DAY


def test_without_a_master_the_bank_sends_another_letter_just_so() -> None:
    organization = organization_from([REGISTERED, INVITED])

    decided = organization.initialize(NINE + 81 * DAY, BANK, NINE + DAY)

    assert decided == [
        fact("MasterInitialized", NINE + DAY, by=BANK, user_id=None),
        fact("MasterInvited", NINE + DAY, by=BANK, credential=2, password_until=NINE + 81 * DAY),
    ]


def test_an_initialized_organization_takes_a_master_from_the_bank_too() -> None:
    organization = organization_from(
        [REGISTERED, INVITED, MASTER_REGISTERED, fact("MasterInitialized", NINE, by=BANK, user_id="hanako1")]
    )

    assert organization.register_master("jiro02", BANK, NINE) == [
        fact("MasterRegistered", NINE, by=BANK, user_id="jiro02")
    ]


def test_closing_is_one_fact() -> None:
    organization = with_general_users(2)

    decided = organization.close(BANK, NINE)

    assert decided == [fact("OrganizationClosed", NINE, by=BANK)]
    assert organization.after(decided[0]).closed


def test_a_closed_organization_is_left_alone() -> None:
    closed = organization_from([REGISTERED, INVITED, fact("OrganizationClosed", NINE, by=BANK)])

    with pytest.raises(AlreadyClosed):
        closed.close(BANK, NINE)
    with pytest.raises(AlreadyClosed):
        closed.register_master("hanako1", BANK, NINE)
    with pytest.raises(AlreadyClosed):
        closed.register_general_user("taro01", MOST, "hanako1", NINE)
    with pytest.raises(AlreadyClosed):
        closed.set("legacy", None, None, BANK, NINE)


# ---- settings


def test_a_change_of_settings_tells_all_of_them() -> None:
    organization = organization_from([REGISTERED])

    decided = organization.set("legacy", "off", "en", BANK, NINE)

    assert decided == [settings("legacy", "off", "en")]
    after = organization_from([REGISTERED, *decided])
    assert (after.p12_profile, after.issuance_code, after.language) == ("legacy", "off", "en")


def test_what_is_not_given_stays_as_it_is() -> None:
    organization = organization_from([REGISTERED, settings("legacy", "off", "en")])

    assert organization.set(None, None, "ja", BANK, NINE) == [settings("legacy", "off", "ja")]
    assert organization.set("modern", None, None, BANK, NINE) == [settings("modern", "off", "en")]
    assert organization.set(None, None, None, BANK, NINE) == []


@pytest.mark.parametrize(
    ("profile", "code", "language"), [("legacy", "off", "ja"), ("modern", "on", "ja"), ("modern", "off", "en")]
)
def test_any_one_setting_can_be_changed_and_the_same_again_records_nothing(
    profile: str, code: str, language: str
) -> None:
    before = organization_from([REGISTERED])
    after = organization_from([REGISTERED, settings(profile, code, language)])

    assert len(before.set(after.p12_profile, after.issuance_code, after.language, BANK, NINE)) == 1
    assert after.set(after.p12_profile, after.issuance_code, after.language, BANK, NINE) == []
    assert before.set("modern", "off", "ja", BANK, NINE) == []


def test_a_fact_of_another_stream_changes_nothing_about_an_organization() -> None:
    assert organization_from([REGISTERED, fact("AccountBlocked", NINE)]) == organization_from([REGISTERED])
