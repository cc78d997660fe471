"""The table of rights: who may ask what, route by route (requirements, section 1; screens.md; R1.3, R2.4, R9.4).

`ok`: the person is served - also where an empty form is refused for what is missing in it (422, 409), or the answer
leads elsewhere (303). `change`: led to the own password first. A number: refused with that status.

What an address names - a user, a code, a serial, a mail, a request for approval - is the first organization's.

    nobody   no certificate, no log-in
    general  a general user of the first organization, and `master` its master user
    admin    a bank admin, and `auditor` an auditor
    due      a bank admin who owes a change of the password
    other    another organization's master user
    token    a program with a bank admin's API token beside that person's certificate, and no log-in
"""

import msgspec

TABLE = """
                                                 nobody general master  admin auditor    due  other  token

# For everybody; of /ocsp one method each is spoken in the address, the other in the body.
GET  /                                               ok      ok     ok     ok      ok     ok     ok     ok
GET  /healthz                                        ok      ok     ok     ok      ok     ok     ok     ok
GET  /readyz                                         ok      ok     ok     ok      ok     ok     ok     ok
GET  /static                                         ok      ok     ok     ok      ok     ok     ok     ok
GET  /ocsp                                          405     405    405    405     405    405    405    405
POST /ocsp                                          415     415    415    415     415    415    415    415
GET  /ocsp/{request:path}                            ok      ok     ok     ok      ok     ok     ok     ok
POST /ocsp/{request:path}                           405     405    405    405     405    405    405    405
GET  /crl/{name}.crl                                 ok      ok     ok     ok      ok     ok     ok     ok
GET  /ca/{name}.cer                                  ok      ok     ok     ok      ok     ok     ok     ok

# Help, of which the self-check's rows say what the visitor's own request told.
GET  /help                                           ok      ok     ok     ok      ok     ok     ok     ok
GET  /help/issue                                     ok      ok     ok     ok      ok     ok     ok     ok
GET  /help/trouble                                   ok      ok     ok     ok      ok     ok     ok     ok
GET  /help/edge                                      ok      ok     ok     ok      ok     ok     ok     ok
GET  /help/ie-mode                                   ok      ok     ok     ok      ok     ok     ok     ok
GET  /help/import                                    ok      ok     ok     ok      ok     ok     ok     ok
GET  /help/contact                                   ok      ok     ok     ok      ok     ok     ok     ok
GET  /help/check                                     ok      ok     ok     ok      ok     ok     ok     ok
GET  /help/check/cookie                              ok      ok     ok     ok      ok     ok     ok     ok
GET  /help/check/popup                               ok      ok     ok     ok      ok     ok     ok     ok
GET  /help/check/file                                ok      ok     ok     ok      ok     ok     ok     ok

# For peers on this machine alone, which nobody here is (tests/web/test_mailbox.py).
GET  /dev/mailbox                                   404     404    404    404     404    404    404    404
GET  /dev/mailbox/{mail_id}                         404     404    404    404     404    404    404    404

# The master's first registration: what opens is the cookie of the letter's password, whoever is logged in.
GET  /registration/master                            ok      ok     ok     ok      ok     ok     ok     ok
POST /registration/master                            ok      ok     ok     ok      ok     ok     ok     ok
GET  /registration/master/profile                    ok      ok     ok     ok      ok     ok     ok     ok
POST /registration/master/profile                    ok      ok     ok     ok      ok     ok     ok     ok
GET  /registration/master/confirm                    ok      ok     ok     ok      ok     ok     ok     ok
POST /registration/master/confirm                    ok      ok     ok     ok      ok     ok     ok     ok
POST /registration/master/cancel                     ok      ok     ok     ok      ok     ok     ok     ok
GET  /registration/master/done                       ok      ok     ok     ok      ok     ok     ok     ok

# ④ to ⑧: what opens is the ticket's cookie, whoever is logged in.
GET  /issuance                                       ok      ok     ok     ok      ok     ok     ok     ok
POST /issuance                                       ok      ok     ok     ok      ok     ok     ok     ok
GET  /issuance/code                                  ok      ok     ok     ok      ok     ok     ok     ok
POST /issuance/code                                  ok      ok     ok     ok      ok     ok     ok     ok
GET  /issuance/confirm                               ok      ok     ok     ok      ok     ok     ok     ok
POST /issuance/confirm                               ok      ok     ok     ok      ok     ok     ok     ok
POST /issuance/cancel                                ok      ok     ok     ok      ok     ok     ok     ok
GET  /issuance/progress                              ok      ok     ok     ok      ok     ok     ok     ok
GET  /issuance/result                                ok      ok     ok     ok      ok     ok     ok     ok
GET  /issuance/p12                                   ok      ok     ok     ok      ok     ok     ok     ok
POST /issuance/close                                 ok      ok     ok     ok      ok     ok     ok     ok
GET  /issuance/closed                                ok      ok     ok     ok      ok     ok     ok     ok

# In and out: the log-in asks for a certificate of ours (R5.1), and leaving is never refused.
GET  /login                                         403      ok     ok     ok      ok     ok     ok     ok
POST /login                                         403      ok     ok     ok      ok     ok     ok     ok
POST /logout                                         ok      ok     ok     ok      ok     ok     ok     ok

# Everyone's own; with a change of the password due, that page alone (R2.4).
GET  /home                                          401      ok     ok     ok      ok change     ok    401
GET  /home/password                                 401      ok     ok     ok      ok     ok     ok    401
POST /home/password                                 401      ok     ok     ok      ok     ok     ok    401
GET  /home/email                                    401      ok     ok     ok      ok change     ok    401
POST /home/email                                    401      ok     ok     ok      ok change     ok    401
GET  /home/history                                  401      ok     ok     ok      ok change     ok    401

# The master's own general users: another organization's are as unknown as nobody (R1.3).
GET  /users                                         401     403     ok    403     403    403     ok    401
GET  /users/new                                     401     403     ok    403     403    403     ok    401
POST /users/new                                     401     403     ok    403     403    403     ok    401
GET  /users/{user_id}                               401     403     ok    403     403    403    404    401
POST /users/{user_id}                               401     403     ok    403     403    403    404    401
GET  /users/{user_id}/release                       401     403     ok    403     403    403    404    401
POST /users/{user_id}/release                       401     403     ok    403     403    403    404    401
GET  /users/{user_id}/suspend                       401     403     ok    403     403    403    404    401
POST /users/{user_id}/suspend                       401     403     ok    403     403    403    404    401
GET  /users/{user_id}/resume                        401     403     ok    403     403    403    404    401
POST /users/{user_id}/resume                        401     403     ok    403     403    403    404    401
GET  /users/{user_id}/reset                         401     403     ok    403     403    403    404    401
POST /users/{user_id}/reset                         401     403     ok    403     403    403    404    401
GET  /users/{user_id}/close                         401     403     ok    403     403    403    404    401
POST /users/{user_id}/close                         401     403     ok    403     403    403    404    401

# The bank's console.
GET  /bank                                          401     403    403     ok     403    403    403    401
GET  /bank/organizations                            401     403    403     ok     403    403    403    401
GET  /bank/organizations/new                        401     403    403     ok     403    403    403    401
POST /bank/organizations/new                        401     403    403     ok     403    403    403    401
GET  /bank/organizations/{code}                     401     403    403     ok     403    403    403    401
POST /bank/organizations/{code}                     401     403    403     ok     403    403    403    401
GET  /bank/organizations/{code}/initialize          401     403    403     ok     403    403    403    401
POST /bank/organizations/{code}/initialize          401     403    403     ok     403    403    403    401
GET  /bank/organizations/{code}/release             401     403    403     ok     403    403    403    401
POST /bank/organizations/{code}/release             401     403    403     ok     403    403    403    401
GET  /bank/organizations/{code}/close               401     403    403     ok     403    403    403    401
POST /bank/organizations/{code}/close               401     403    403     ok     403    403    403    401
GET  /bank/accounts                                 401     403    403     ok     403    403    403    401
GET  /bank/accounts/{user_id}                       401     403    403     ok     403    403    403    401
GET  /bank/accounts/{user_id}/release               401     403    403     ok     403    403    403    401
POST /bank/accounts/{user_id}/release               401     403    403     ok     403    403    403    401
GET  /bank/certificates                             401     403    403     ok     403    403    403    401
GET  /bank/certificates/{serial}                    401     403    403     ok     403    403    403    401
GET  /bank/certificates/{serial}/revoke             401     403    403     ok     403    403    403    401
POST /bank/certificates/{serial}/revoke             401     403    403     ok     403    403    403    401
GET  /bank/mails                                    401     403    403     ok     403    403    403    401
POST /bank/mails/{notification}/resend              401     403    403     ok     403    403    403    401
GET  /bank/approvals                                401     403    403     ok     403    403    403    401
GET  /bank/approvals/{approval}/approve             401     403    403     ok     403    403    403    401
POST /bank/approvals/{approval}/approve             401     403    403     ok     403    403    403    401
GET  /bank/approvals/{approval}/refuse              401     403    403     ok     403    403    403    401
POST /bank/approvals/{approval}/refuse              401     403    403     ok     403    403    403    401

# The auditors' pages.
GET  /audit                                         401     403    403    403     ok    403    403    401
GET  /audit/events                                  401     403    403    403     ok    403    403    401
GET  /audit/accounts/{user_id}                      401     403    403    403     ok    403    403    401
GET  /audit/certificates/{serial}                   401     403    403    403     ok    403    403    401
GET  /audit/views/{view}                            401     403    403    403     ok    403    403    401
GET  /audit/proofs                                  401     403    403    403     ok    403    403    401
GET  /audit/proofs/log.pem                          401     403    403    403     ok    403    403    401
GET  /audit/proofs/{size}.json                      401     403    403    403     ok    403    403    401
GET  /audit/proofs/{size}.txt                   401     403    403    403     ok    403    403    401
GET  /audit/export                                  401     403    403    403     ok    403    403    401

# The JSON API: staff, and their programs.
GET  /api/v1/lock-status                            401     403    403     ok      ok    403    403     ok
GET  /api/v1/certificates                           401     403    403     ok      ok    403    403     ok
GET  /api/v1/organizations                          401     403    403     ok      ok    403    403     ok
GET  /api/v1/users                                  401     403    403     ok      ok    403    403     ok
GET  /api/v1/mails                                  401     403    403     ok      ok    403    403     ok
GET  /api/v1/events                                 401     403    403    403      ok    403    403    403
GET  /api/v1/openapi.json                           401     403    403     ok      ok    403    403     ok
"""

# The private port, which shows no certificate: a log-in opens nothing there.
PRIVATE = """
                                                 nobody  admin  token

GET  /metrics                                        ok     ok     ok
GET  /api/v1/lock-status                            401    401     ok
GET  /api/v1/certificates                           401    401     ok
GET  /api/v1/organizations                          401    401     ok
GET  /api/v1/users                                  401    401     ok
GET  /api/v1/mails                                  401    401     ok
GET  /api/v1/events                                 401    401    403
GET  /api/v1/openapi.json                           401    401     ok
"""


class Right(msgspec.Struct, frozen=True):
    """A row: `answers` by column."""

    method: str
    path: str
    answers: dict[str, str]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def rows(table: str) -> list[Right]:
    columns, *lines = [line.split() for line in table.splitlines() if line.strip() and not line.startswith("#")]
    return [Right(method, path, dict(zip(columns, words, strict=True))) for method, path, *words in lines]
