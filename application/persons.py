"""A person's name and mail address as they may be taken; what is kept of them is in the vault (R10.6)."""

from email_validator import EmailNotValidError, validate_email

from application.ports import Person
from domain.errors import InvalidInput
from domain.policy import NAME_LENGTH


def check_person(name: str, email: str) -> Person:
    """Raises InvalidInput, which tells what is wrong and never repeats what was typed."""
    faults = {}
    # The blank between family and given name is mostly a full-width one in Japan; Python calls it unprintable.
    readable = name.replace("\u3000", " ").isprintable()
    if not 1 <= len(name) <= NAME_LENGTH or name != name.strip() or not readable:
        faults["name"] = "malformed"
    try:
        # Half-width only: a mail client on the way may not know internationalized addresses (RFC 6531).
        email = validate_email(email, check_deliverability=False, allow_smtputf8=False).normalized
    except EmailNotValidError:
        faults["email"] = "malformed"
    if faults:
        raise InvalidInput(**faults)
    return Person(name, email)
