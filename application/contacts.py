"""Name and mail address, of a person or of an organization, as they may be taken; kept in the vault (R10.6)."""

from email_validator import EmailNotValidError, validate_email

from application.ports import Contact
from domain.errors import InvalidInput
from domain.notification import Address
from domain.policy import NAME_LENGTH, PAPER_NUMBER_LENGTH

ADDRESS_SIGNS = ("://", "www.", "@")


def check_contact(name: str, email: str) -> Contact:
    """Raises InvalidInput, which tells what is wrong and never repeats what was typed."""
    faults = {}
    if not is_name(name):
        faults["name"] = "malformed"
    try:
        # Half-width only: a mail client on the way may not know internationalized addresses (RFC 6531).
        email = validate_email(email, check_deliverability=False, allow_smtputf8=False).normalized
    except EmailNotValidError:
        faults["email"] = "malformed"
    if faults:
        raise InvalidInput(**faults)
    return Contact(name, email)


def check_request(requested_by: str, paper_number: str) -> None:
    """Who asked the bank for an act, and the number of the paper: either may be blank (R9.2). Raises InvalidInput."""
    faults = {}
    if requested_by and not is_name(requested_by):
        faults["requested_by"] = "malformed"
    readable = paper_number.isascii() and paper_number.isprintable() and paper_number == paper_number.strip()
    if not readable or len(paper_number) > PAPER_NUMBER_LENGTH:
        faults["paper_number"] = "malformed"
    if faults:
        raise InvalidInput(**faults)


def addresses_to_tell(before: Contact | None, after: Contact) -> list[Address]:
    """The mails that a change asks for: a changed address is told to both of them (R6.3)."""
    if before is None:  # erased
        return ["address_changed"]
    return ["address_changed", "address_left"] if before.email != after.email else []


def is_name(text: str) -> bool:
    # The blank between family and given name is mostly a full-width one in Japan; Python calls it unprintable.
    readable = text.replace("\u3000", " ").isprintable()
    # It stands in every mail, where many mail programs would make an address in it something to press.
    pressed = any(sign in text.lower() for sign in ADDRESS_SIGNS)
    return 1 <= len(text) <= NAME_LENGTH and text == text.strip() and readable and not pressed
