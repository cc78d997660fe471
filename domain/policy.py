"""The numbers of the manual (sections 6 ④ and 6) and those that requirements.md decides, each with its unit."""

from datetime import timedelta
from typing import Literal

import msgspec

FAILURES_TO_LOCK = 6  # manual ④: 連続して6回
LOCK_DURATION = timedelta(minutes=60)  # manual ④: 60分間
LOCKS_TO_BLOCK = 3  # manual ④: ロックを3回

VALIDITY_DAYS = 366  # manual 6: 発行日を含めて366日間
RENEWAL_DAYS = 30  # manual 6: 有効期限が切れる30日前から
CLOCK_SKEW = timedelta(minutes=5)  # R4.1: how far a browser's clock may be behind

ID_LENGTH = range(6, 13)  # manual ④: 6~12 桁
NAME_LENGTH = 64  # R4.9: characters of O in a certificate's subject (RFC 5280 appendix A.1); of persons alike
PAPER_NUMBER_LENGTH = 20  # R9.2: the bank's number of the paper that asked for a revocation
TICKET_LIFE = timedelta(minutes=10)  # R5.2
ISSUANCE_LIMIT = timedelta(minutes=10)  # R4.6
CODE_LIFE = timedelta(minutes=10)  # R5.7
CODE_DIGITS = 6  # R5.7
CODE_TRIES = 5  # R5.7: wrong ones, until a code is spent
CODES_A_DAY = 5  # R5.7: to one account, on one day in Japan
PACKAGE_LIFE = timedelta(minutes=10)  # R4.8
SIGN_OF_LIFE = timedelta(seconds=20)  # R4.6: a job silent for longer is taken over
REFUSAL_PAUSE = timedelta(minutes=1)  # R3.4: at most one AccessRefused a minute and account
MAIL_PAUSE = timedelta(minutes=1)  # R8.3: after the first failure, doubling
LONGEST_MAIL_PAUSE = timedelta(hours=1)
MAIL_ATTEMPTS = 40  # some 35 hours; then it is given up and shown
REGISTRATION_LIFE = timedelta(minutes=30)  # R7.2: from the letter's password to 登録
TOKEN_DAYS = range(1, 91)  # R9.4
SESSION_IDLE = timedelta(minutes=15)  # R6.3
SESSION_LIFE = timedelta(hours=8)  # R6.3


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What a bank may decide for itself (section 1, R2.4, R4.2, R4.4, R8.1, R9.3); defaults as in requirements.md."""

    first_password_life: timedelta = timedelta(days=14)
    letter_password_life: timedelta = timedelta(days=80)
    general_users: int = 19  # of one organization, at most (section 1)
    approval: Literal["one_person", "two_persons"] = "one_person"  # on a revocation (R9.3)
    supersede: Literal["first_login", "at_expiry", "now"] = "first_login"
    renewal_needs_certificate: bool = False
    mail_hour: int = 8  # JST, from which expiry mails are asked for and sent (R8.2)
    mail_when_issued: bool = True
    mail_when_revoked: bool = False
    mail_when_released: bool = False
