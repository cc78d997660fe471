"""Mails kept instead of sent: the Maildir of the embedded start, and what its mailbox page shows of it (R8.5)."""

import email
from email import policy
from email.headerregistry import Address
from pathlib import Path
from uuid import uuid4

from application.mail_ports import Mail, MailFault
from infra.mail_message import mail_message
from infra.private_file import write_whole
from web.mailbox import KeptMail


class MaildirMailer:
    """application.mail_ports.Mailer. A mail sent again takes its own place: its file is named by its Message-ID."""

    def __init__(self, folder: Path, sender: Address) -> None:
        self._folder = folder
        self._sender = sender

    def send(self, mail: Mail) -> None:
        message = mail_message(mail, self._sender).as_bytes()
        name, _, _ = mail.message_id.partition("@")
        try:
            for folder in (self._folder, *(self._folder / part for part in ("tmp", "new", "cur"))):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = self._folder / "tmp" / str(uuid4())
            write_whole(draft, message)
            draft.rename(self._folder / "new" / name)
        except OSError:
            raise MailFault("not_kept", is_servers=True) from None


class Maildir:
    """web.mailbox.Mailbox. A mail is known by its file's name; one that a mail program has shown is in `cur`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def newest(self, limit: int) -> list[KeptMail]:
        files = sorted(self._files(), key=lambda file: file.stat().st_mtime_ns, reverse=True)[:limit]
        return sorted(map(kept_mail, files), key=lambda mail: mail.at, reverse=True)

    def find(self, mail_id: str) -> KeptMail | None:
        return next((kept_mail(file) for file in self._files() if known_by(file) == mail_id), None)

    def _files(self) -> list[Path]:
        return [file for part in ("new", "cur") for file in self._folder.glob(f"{part}/[!.]*")]


def known_by(file: Path) -> str:
    """Without what mail programs add to it."""
    return file.name.partition(":")[0]


def kept_mail(file: Path) -> KeptMail:
    message = email.message_from_bytes(file.read_bytes(), policy=policy.default)
    return KeptMail(
        mail_id=known_by(file),
        at=message["Date"].datetime,
        recipient=str(message["To"]),
        subject=str(message["Subject"]),
        body=message.get_content().replace("\r\n", "\n"),
    )
