"""An organization: registered by the bank, its letter, its one master, its settings (R7.1, R7.4; section 1)."""

import pytest

from domain.errors import InvalidInput, MasterExists, NotFound
from domain.fact import Fact
from domain.organization import Organization, organization_from
from tests.support.accounts import COMMITMENT, DAY, NINE, fact

BANK = "bank01"
REGISTERED = fact(
    "OrganizationRegistered", NINE, by=BANK, code="org0001", name="サンプル組合", contact=1, commitment=COMMITMENT
)
INVITED = fact("MasterInvited", NINE, by=BANK, credential=1, password_until=NINE + 80 * DAY)
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


@pytest.mark.parametrize(("profile", "language"), [("legacy", "ja"), ("modern", "en")])
def test_any_one_setting_can_be_changed_and_the_same_again_records_nothing(profile: str, language: str) -> None:
    before = organization_from([REGISTERED])
    after = organization_from([REGISTERED, settings(profile, "off", language)])

    assert len(before.set(after.p12_profile, "off", after.language, BANK, NINE)) == 1
    assert after.set(after.p12_profile, "off", after.language, BANK, NINE) == []
    assert before.set("modern", "off", "ja", BANK, NINE) == []


def test_the_code_at_issue_cannot_be_switched_on_while_nobody_asks_for_it() -> None:
    organization = organization_from([REGISTERED])

    with pytest.raises(InvalidInput) as refusal:
        organization.set(None, "on", "en", BANK, NINE)

    assert refusal.value.faults == {"issuance_code": "not_built"}


def test_where_an_old_fact_switched_the_code_on_it_can_be_switched_off() -> None:
    organization = organization_from([REGISTERED, settings("modern", "on", "ja")])

    assert organization.issuance_code == "on"
    assert organization.set(None, "off", None, BANK, NINE) == [settings("modern", "off", "ja")]
    with pytest.raises(InvalidInput):
        organization.set("legacy", None, None, BANK, NINE)


def test_a_fact_of_another_stream_changes_nothing_about_an_organization() -> None:
    assert organization_from([REGISTERED, fact("AccountBlocked", NINE)]) == organization_from([REGISTERED])
