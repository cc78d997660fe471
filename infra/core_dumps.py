"""No core dumps: the memory of a process of ours holds passwords and keys that stand nowhere else (R2.3, R5.3)."""

import resource

# One byte, not none. No file is written of so little, and it is the one limit at which Linux also starts no program
# named in core_pattern (fs/coredump.c); at none it does, and that program may keep what it is given.
LIMIT = 1


def forbid() -> None:
    """In this process and all that it starts, for good."""
    resource.setrlimit(resource.RLIMIT_CORE, (LIMIT, LIMIT))
