"""Where the embedded server keeps its files: in SHOMEI_HOME, where its account can get there.

As root the server runs as another account, for PostgreSQL refuses root, and a home inside a folder that only root may
enter - a fresh `mktemp -d`, say - is out of that account's reach. Then the home keeps a link to a folder beside the
system's other data.
"""

import os
import tempfile
from pathlib import Path

from infra.postgres_programs import Programs

ELSEWHERE = Path("/var/lib/shomei-postgres")


def cluster_home(home: Path, bindir: Path | None, elsewhere: Path = ELSEWHERE) -> Path:
    """The folder for the cluster, the same at every call. Only root's homes ever lie `elsewhere`."""
    place = home.absolute() / "postgres"
    if os.geteuid() != 0 or place.exists():
        return place.resolve()
    place.parent.mkdir(parents=True, exist_ok=True)
    programs = Programs(place, bindir)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".reach-") as probe:
        programs.hand_over(Path(probe))
        if programs.can_write(Path(probe)):
            return place
    elsewhere.mkdir(mode=0o755, parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=elsewhere))
    try:
        place.symlink_to(made)
    except FileExistsError:  # another process of ours was faster
        made.rmdir()
    return place.resolve()
