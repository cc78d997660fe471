"""What must hold of log, index, packages and sessions whatever was killed (measure Q3, R4.6, R4.9)."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeVar
from uuid import UUID

from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from application.streams import certificates_of
from domain.certificate import CertificateIssued, CertificatePlanned, certificate_from, certificate_stream
from domain.credentials import account_stream
from domain.fact import Fact, LogEntry
from domain.user_account import UserAccount, account_from
from domain.user_account_facts import IssuanceCompleted, LoggedIn
from tests.support.applicant import Applicant
from tests.support.house import House

PAGE = 5000

Kind = TypeVar("Kind", bound=Fact)


def whole_log(house: House) -> list[LogEntry]:
    log: list[LogEntry] = []
    while page := house.store.entries(log[-1].position if log else 0, PAGE):
        log += page
    return log


class Aftermath:
    """The log as it stands now, by stream, beside what the other tables say."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._log = whole_log(house)
        self.streams = defaultdict[UUID, list[Fact]](list)
        for entry in self._log:
            self.streams[entry.stream].append(entry.fact)
        found = (account_from(facts) for facts in self.streams.values())
        self.accounts: list[UserAccount] = [account for account in found if account is not None]

    def kinds(self, user_id: str) -> list[str]:
        """What happened on the account and its certificates, in the log's order, but registration and own password."""
        account = account_from(self.streams[account_stream(user_id)])
        numbers = range(1, account.issues + 1) if account else ()
        streams = {account_stream(user_id), *(certificate_stream(user_id, number) for number in numbers)}
        return [type(entry.fact).__name__ for entry in self._log if entry.stream in streams][2:]

    def facts(self, kind: type[Kind]) -> list[tuple[UUID, Kind]]:
        return [(entry.stream, entry.fact) for entry in self._log if isinstance(entry.fact, kind)]

    # ---- what must hold

    def check(self, signed: Iterable[str], people: Sequence[Applicant]) -> None:
        """`signed` are the serials that got a signature, whoever lived to tell."""
        self.check_serials(set(signed))
        self.check_that_nobody_has_two()
        self.check_packages()
        self.check_sessions()
        for person in people:
            self.check_that_he_was_told_the_truth(person)

    def check_serials(self, signed: set[str]) -> None:
        planned = {fact.serial: stream for stream, fact in self.facts(CertificatePlanned)}
        issued = {fact.serial: fact.fingerprint for _, fact in self.facts(CertificateIssued)}
        rows = self._house.database.execute("select serial, stream, fingerprint from certificate_index")

        assert signed <= set(planned)
        assert set(issued) <= signed
        assert len(issued) == len(self.facts(CertificateIssued))
        assert {(row["serial"], row["stream"], row["fingerprint"]) for row in rows} == {
            (serial, stream, issued.get(serial)) for serial, stream in planned.items()
        }

    def check_that_nobody_has_two(self) -> None:
        """And each issue has both its ends, once, or none."""
        now = self._house.clock()
        streams = Counter(stream for stream, _ in self.facts(CertificateIssued))
        assert not streams or max(streams.values()) == 1
        for account in self.accounts:
            found = [each.state for each in certificates_of(self._house.store, account)]
            facts = self.streams[account_stream(account.user_id)]
            ends = [(fact.number, fact.serial) for fact in facts if isinstance(fact, IssuanceCompleted)]
            made = [(each.number, each.serial) for each in found if each.serial]

            assert sum(each.state(now) == "live" for each in found) <= 1, account.user_id
            assert sorted(made) == ends, account.user_id

    def check_packages(self) -> None:
        """A row for each p12 that waits and for no other; the password of ④ is gone with the issue."""
        certificates = {stream: certificate_from(facts) for stream, facts in self.streams.items()}
        waiting = [stream for stream, found in certificates.items() if found and found.package_waits]
        rows = self._house.database.execute(
            "select stream, user_id, number, password, package from tickets where issued_at is not null"
        )

        assert Counter(row["stream"] for row in rows if row["package"]) == Counter(waiting)
        for row in rows:
            assert row["stream"] == certificate_stream(row["user_id"], row["number"])
            assert row["password"] is None

    def check_sessions(self) -> None:
        begun = self._house.database.execute("select user_id, count(*) as times from sessions group by user_id")
        logged_in = Counter(str(fact.by) for _, fact in self.facts(LoggedIn))

        assert {row["user_id"]: row["times"] for row in begun} == logged_in

    def check_that_he_was_told_the_truth(self, person: Applicant) -> None:
        """What was answered is in the log, and what was handed out opens and is what was recorded."""
        recorded = {fact.der for _, fact in self.facts(CertificateIssued)}

        assert person.told <= Counter(self.kinds(person.user_id)), person.user_id
        for p12 in person.received:
            opened = pkcs12.load_pkcs12(p12, person.password.encode())
            assert opened.cert is not None
            assert opened.key is not None
            assert opened.cert.certificate.public_bytes(Encoding.DER) in recorded
            assert opened.cert.certificate.public_key() == opened.key.public_key()
