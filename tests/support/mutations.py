"""Requests as they should be, and seeded ways to spoil them (Q12)."""

import random
from collections.abc import Callable, Sequence
from urllib.parse import quote_plus

STRANGE = (
    "",
    " ",
    "\0",
    "\x01\x1f\x7f",
    "\r\nSet-Cookie: a=b",
    "\u202e\u200b\ufeff",
    "０１２３ａｂｃ",
    "\U0001f511" * 3,
    "e\u0301" * 6,
    "K" * 6,  # the Kelvin sign: its lower case is ASCII
    "İ" * 6,
    "<script>alert(1)</script>",
    "' or 1=1; drop table tickets; --",
    "{{7*7}}${7*7}",
    "../../etc/passwd",
    "%",
    "%zz%e3%81",
    "true",
    "-1",
    "1e309",
    "9" * 400,
    "[]",
    "null",
)
SIZES = (13, 129, 1000, 40_000, 70_000)  # letters; the last one alone is more than a body may have
TYPES = (
    "application/x-www-form-urlencoded; charset=utf-16",
    "APPLICATION/X-WWW-FORM-URLENCODED",
    "application/json",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "text/plain",
    "x" * 300,
    ";",
    "",
)
FORM = "application/x-www-form-urlencoded"
Fields = list[tuple[str, str]]
Sent = tuple[str, bytes]  # content type and body
Spoil = Callable[[random.Random, Fields], Sent]


def written(fields: Fields) -> bytes:
    return "&".join(f"{quote_plus(name)}={quote_plus(value, errors='replace')}" for name, value in fields).encode()


def drop(chance: random.Random, fields: Fields) -> Sent:
    return FORM, written(chance.sample(fields, chance.randrange(len(fields))))


def double(chance: random.Random, fields: Fields) -> Sent:
    name, value = chance.choice(fields)
    return FORM, written([*fields, (name, chance.choice((value, *STRANGE)))])


def crowd(chance: random.Random, fields: Fields) -> Sent:
    return FORM, written([*fields, *((f"f{number}", "") for number in range(chance.choice((15, 30, 2000))))])


def overlong(chance: random.Random, fields: Fields) -> Sent:
    return FORM, written(changed(chance, fields, "a1" * (chance.choice(SIZES) // 2 + 1)))


def strange(chance: random.Random, fields: Fields) -> Sent:
    return FORM, written(changed(chance, fields, chance.choice(STRANGE) + chance.choice(STRANGE)))


def nearly(chance: random.Random, fields: Fields) -> Sent:
    """One character of one of them."""
    place = chance.randrange(len(fields))
    name, value = fields[place]
    octets = altered(chance, value.encode() or b"a")
    return FORM, written([*fields[:place], (name, octets.decode(errors="replace")), *fields[place + 1 :]])


def renamed(chance: random.Random, fields: Fields) -> Sent:
    place = chance.randrange(len(fields))
    name = fields[place][0]
    new = chance.choice((name.upper(), name + "[]", name + "[0]", *STRANGE))
    return FORM, written([*fields[:place], (new, fields[place][1]), *fields[place + 1 :]])


def of_another_type(chance: random.Random, fields: Fields) -> Sent:
    return chance.choice(TYPES), written(fields)


def with_broken_octets(chance: random.Random, fields: Fields) -> Sent:
    body = bytearray(written(fields))
    for _ in range(chance.choice((1, 3, 20))):
        place = chance.randrange(len(body))
        body[place : place + chance.randrange(3)] = chance.choice((b"%", b"%f", b"\xff", b"\0", b"&", b"=", b";", b"+"))
    return FORM, bytes(body)


def cut_off(chance: random.Random, fields: Fields) -> Sent:
    body = written(fields)
    return FORM, body[: chance.randrange(len(body))]


def noise(chance: random.Random, fields: Fields) -> Sent:
    return chance.choice((FORM, *TYPES)), chance.randbytes(chance.choice((1, 50, 3000)))


SPOILS: Sequence[Spoil] = (
    drop,
    double,
    crowd,
    overlong,
    strange,
    nearly,
    renamed,
    of_another_type,
    with_broken_octets,
    cut_off,
    noise,
)


def changed(chance: random.Random, fields: Fields, value: str) -> Fields:
    """The value put in place of one of them, or behind it."""
    place = chance.randrange(len(fields))
    name, old = fields[place]
    return [*fields[:place], (name, chance.choice((value, old + value))), *fields[place + 1 :]]


def spoilt(chance: random.Random, fields: Fields) -> Sent:
    return chance.choice(SPOILS)(chance, fields)


def spoilt_octets(chance: random.Random, longest: int) -> bytes:
    """The value of a header: whatever HTTP lets through (RFC 9110 5.5), and no line's end."""
    text = chance.choice(
        (*STRANGE, "a" * chance.randrange(longest), chance.randbytes(30).hex(), '"; path=/; ="', "=;=;,")
    )
    octets = text.encode() + (chance.randbytes(chance.randrange(20)) if chance.random() < 0.5 else b"")
    return bytes(octet for octet in octets if octet >= ord(" ") and octet != 0x7F) or b"a"


def altered(chance: random.Random, octets: bytes) -> bytes:
    """One character changed, put in, left out, or in the other case."""
    place = chance.randrange(len(octets))
    one = octets[place : place + 1]
    other = chance.choice((b"a", b"Z", b"0", b"_", b"-", b".", b"=", b'"', b"\xe3"))
    new = chance.choice((other, one + other, b"", one.swapcase(), one + one))
    return octets[:place] + new + octets[place + 1 :]


def spoilt_value(chance: random.Random, right: bytes, longest: int) -> bytes:
    """Of a header or a cookie: nearly the right one, more than it, or something else."""
    match chance.randrange(4):
        case 0 | 1:
            return altered(chance, right)
        case 2:
            return right + spoilt_octets(chance, longest)
        case _:
            return spoilt_octets(chance, longest)


def spoilt_der(chance: random.Random, octets: bytes) -> bytes:
    """A value cut, stretched, doubled, or with tags and lengths that are not its own."""
    spoilt = bytearray(octets)
    match chance.randrange(6):
        case 0:
            for _ in range(chance.choice((1, 1, 2, 8))):
                spoilt[chance.randrange(len(spoilt))] = chance.choice((chance.randrange(256), 0, 0x80, 0xFF))
        case 1:
            del spoilt[chance.randrange(len(spoilt)) :]
        case 2:
            spoilt += chance.randbytes(chance.choice((1, 200, 70_000)))
        case 3:
            place = chance.randrange(len(spoilt))
            spoilt[place:place] = spoilt[chance.randrange(len(spoilt)) :]
        case 4:
            place = chance.randrange(len(spoilt))
            del spoilt[place : place + chance.randrange(1, 30)]
        case _:
            spoilt = bytearray(chance.randbytes(chance.choice((0, 1, 50, 3000))))
    return bytes(spoilt)
