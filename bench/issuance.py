"""P1: an issue from 発行 (and from the password before it) to the p12 ready and its facts stored, beside the same
primitives bare: argon2id verified, key made, certificate built and signed, p12 packed, with the same rounds.

Processor time of this process, or of the web process, with its packing workers; PostgreSQL's is not in it.
"""

from collections.abc import Callable

from argon2 import PasswordHasher
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from application.ports import CertificateRequest
from bench.place import Browser, Customer, Place, place
from bench.rounds import Comparison, Cost, Row, cost_of, interleaved, table
from domain.validity import Validity
from infra.bootstrap import load_authority
from infra.clock import now
from infra.pkcs12 import Rounds, make_key, pack
from infra.profile import CertificateProfile, signed
from tests.support.fleet import Process, wait

ISSUES = 5  # in one round
LOOK = 0.005  # seconds between two looks whether the p12 is there
WHOLE = Comparison("P1", "issue {where}, with the password check", "ms CPU", "<= 1.25")
ALONE = Comparison("P1", "issue {where}, 発行 alone", "ms CPU", "<= 2.0")
BY_THE_CLOCK = Comparison("P1", "issue {where}, with the password check, by the clock", "ms")
COMPARISONS = [WHOLE, ALONE, BY_THE_CLOCK]

Halves = tuple[Cost, Cost]  # the password check; and all that follows 発行
Side = Callable[[], Halves]


def bare(at: Place) -> Side:
    authority, hasher = load_authority(at.house.settings), PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
    profile = CertificateProfile(authority.issuing, at.house.settings.pki_url)
    password = "abcdefgh2345"
    verifier = hasher.hash(password)

    def issue() -> None:
        key = make_key("p256")
        request = CertificateRequest("bench00000", "見本商事株式会社", key.public, Validity.from_issue(now()))
        certificate = signed(profile.builder(request, x509.random_serial_number()), authority.key)
        der = certificate.public_bytes(Encoding.DER)
        pack(request.user_id, key.private, der, authority.chain, password, "modern", Rounds())

    def issues() -> None:
        for _ in range(ISSUES):
            issue()

    def side() -> Halves:
        check = cost_of(lambda: [hasher.verify(verifier, password) for _ in range(ISSUES)], apart=at.fleet.pids)
        return check.per(ISSUES), cost_of(issues, apart=at.fleet.pids).per(ISSUES)

    return side


def at_the_desk(at: Place) -> Side:
    issuance = at.desk.issuance

    def work(cookies: list[str]) -> None:
        for cookie in cookies:
            assert issuance.start(cookie, issuance.ticket(cookie, now()).id, now())
            issuance.work(cookie, now)
            assert issuance.progress(cookie, now())[0] == "issued"

    def side() -> Halves:
        customers = [at.customer() for _ in range(ISSUES)]
        cookies: list[str] = []
        check = cost_of(
            lambda: cookies.extend(issuance.authenticate(one.user_id, one.password, now()).cookie for one in customers),
            apart=at.fleet.pids,
        )
        return check.per(ISSUES), cost_of(lambda: work(cookies), apart=at.fleet.pids).per(ISSUES)

    return side


def through_the_web(at: Place, web: Process) -> Side:
    """The pages between the two POSTs are left out on purpose: they are pages (P7), and no part of an issue."""

    def wait_for(customer: Customer) -> None:
        query = "select 1 from tickets where user_id = %s and issued_at is not null"
        while not at.house.database.execute(query, customer.user_id):
            wait(LOOK)

    def side() -> Halves:
        check, issue = Cost(0, 0), Cost(0, 0)
        for _ in range(ISSUES):
            customer = at.customer()
            with Browser(f"https://127.0.0.1:{web.port}", at.fleet.root) as browser:
                token = browser.token("/issuance")
                fields = {"user_id": customer.user_id, "password": customer.password}
                check += cost_of(lambda: browser.post("/issuance", token, **fields), web.process.pid)  # noqa: B023
                ticket = browser.ticket()

                def press() -> None:
                    browser.post("/issuance/confirm", token, ticket=ticket)  # noqa: B023  (run at once)
                    wait_for(customer)  # noqa: B023  (run at once)

                issue += cost_of(press, web.process.pid)
        return check.per(ISSUES), issue.per(ISSUES)

    return side


def rows() -> list[Row]:
    with place() as at:
        at.fleet.start("project")  # else each command's page would wait for read models that nobody keeps
        (web,) = at.fleet.web()
        primitives, desk, pages = interleaved(bare(at), at_the_desk(at), through_the_web(at, web))
    return [
        *both("at the desk", desk, primitives),
        *both("through the web", pages, primitives),
    ]


def both(where: str, ours: list[Halves], beside: list[Halves]) -> list[Row]:
    def whole(rounds: list[Halves]) -> list[float]:
        return [1000 * (check + issue).cpu for check, issue in rounds]

    def issues(rounds: list[Halves]) -> list[float]:
        return [1000 * issue.cpu for _, issue in rounds]

    def walls(rounds: list[Halves]) -> list[float]:
        return [1000 * (check + issue).wall for check, issue in rounds]

    return [
        WHOLE.of(whole(ours), whole(beside), where=where),
        ALONE.of(issues(ours), issues(beside), where=where),
        BY_THE_CLOCK.of(walls(ours), walls(beside), where=where),
    ]


if __name__ == "__main__":
    print(table(rows()))
