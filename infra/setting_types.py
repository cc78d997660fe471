"""What the values of settings look like: ranges, patterns, and an example where a pattern rules."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta

Port: TypeAlias = Annotated[int, Meta(ge=1, le=65535)]
PrivatePort: TypeAlias = Annotated[int, Meta(ge=0, le=65535)]
Rate: TypeAlias = Annotated[int, Meta(ge=0, le=10**6)]
Hour: TypeAlias = Annotated[int, Meta(ge=0, le=23)]
Rounds: TypeAlias = Annotated[int, Meta(ge=10_000, le=190_000)]  # R4.7: some importers refuse over 600,000 in all
Label: TypeAlias = Annotated[str, Meta(max_length=60, pattern=r"^[^\x00-\x1f\x7f]+$")]
Failpoint: TypeAlias = Annotated[
    str, Meta(pattern=r"^(before|inside|after):[A-Za-z]+$", examples=["after:CertificatePlanned"])
]
Host: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9A-Za-z._:-]+$", examples=["localhost or 192.0.2.1"])]
WebUrl: TypeAlias = Annotated[str, Meta(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$", examples=["https://host:8443"])]
PlainUrl: TypeAlias = Annotated[str, Meta(pattern=r"^http://[^\s/?#@]+(/[^\s?#]*)?$", examples=["http://host:8480"])]
DatabaseUrl: TypeAlias = Annotated[
    str, Meta(pattern=r"^postgres(ql)?://\S+$", examples=["postgresql://user:password@host:5432/database"])
]
SmtpUrl: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^smtps?://([^@\s/?#]+@)?(\[[0-9A-Fa-f:]+\]|[^@\s/?#:\[\]]+)(:[0-9]{1,5})?/?$",
        examples=["smtp://user:password@host:587 or smtps://…, with user and password percent-encoded"],
    ),
]
StartTls: TypeAlias = Literal["required", "if_offered", "never"]
MailAddress: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[0-9A-Za-z_+-]+(\.[0-9A-Za-z_+-]+)*@[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*$",
        examples=["no-reply@bank.example.jp"],
    ),
]
