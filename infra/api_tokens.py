"""Which API token a secret is: known by its hash alone (R9.4). Implements application.tokens.TokenDrawer."""

from hashlib import sha256

from application.ports import Row
from infra.postgres import Database, statement


class TokenDrawer:
    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, token_id: str, secret: str) -> Row:
        return statement("insert into api_tokens (hash, token_id) values (%s, %s)", hashed(secret), token_id)

    def forget(self, token_id: str) -> Row:
        return statement("delete from api_tokens where token_id = %s", token_id)

    def find(self, secret: str) -> str | None:
        found = self._database.execute("select token_id from api_tokens where hash = %s", hashed(secret))
        return found[0]["token_id"] if found else None

    def all(self) -> list[str]:
        return [row["token_id"] for row in self._database.execute("select token_id from api_tokens order by place")]


def hashed(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
