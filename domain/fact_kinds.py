"""All kinds of fact, by their names: the store reads them back by these, and an auditor asks for them."""

from domain import (
    api_token,
    approval,
    authority,
    certificate,
    notification,
    organization_facts,
    reading,
    tree_head,
    user_account_facts,
)
from domain.fact import Fact

# Named here, for one whose file was never loaded would be unknown.
FILES = (
    *(api_token, approval, authority, certificate, notification, organization_facts, reading, tree_head),
    user_account_facts,
)
KINDS: dict[str, type[Fact]] = {
    kind.__name__: kind for kind in Fact.every() if kind.__module__ in {file.__name__ for file in FILES}
}
