"""The command line and what it needs, for the tests of this folder."""

from tests.support.command_line import logging_kept, shomei, with_authority

__all__ = ["logging_kept", "shomei", "with_authority"]
