"""All comparisons, one after the other, into docs/benchmarks.md: `make bench`."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import psycopg

from bench import (
    append,
    certification,
    event_loop,
    issuance,
    lists,
    logins,
    ocsp,
    pages,
    reminder_scan,
    revocation_list,
)
from bench.place import place
from bench.rounds import ROUNDS, Row, table
from infra.clock import now

DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"

TEXT = """# Benchmarks

Written by `make bench`; one script of `bench/` alone: `.venv/bin/python -m bench.logins`.

{machine}

{table}

## How to read it
- Two figures of one run are compared, never one figure with a day or a machine: both sides take turns, {rounds} rounds
  each after one to warm up, every other round backwards. Figures are medians of the rounds; the ratio is the median of
  the rounds' own ratios, with the lowest and highest behind it, so it need not be the quotient of the two figures.
- CPU is user and system time of our process (of the web process where it says so) and of its packing workers.
  PostgreSQL's own is not in it; where it says "by the clock" everything is.
- argon2id (19 MiB, two passes), PKCS#12 iterations (100,000 each), fsync and limits are production's. Only the floor
  under the answer to a refused try is off: it is a wait, and no work.
- P1 "発行 alone" begins where the password has been checked at ④. Bare are: argon2id verified, P-256 key made,
  certificate built and signed once, p12 packed, all in one process. What ours adds is the linted plan, the copy signed
  by the throwaway key, the facts in {fsyncs} commits, and the way to a worker and back.
- P5 is the most fragile: the longest of some thousand wake-ups. The row below it tells what of it is the machine's,
  whose processors are shared by everything that takes part; near 1 there means that none of it is ours. With the
  loop's debug mode on, the callbacks that took long were ones that set a single value (9 to 19 ms): the thread was
  preempted, or waited for the interpreter's lock; no work of ours stands in the loop. Fewer threads for issuing, or a
  shorter switch interval, gave 15 instead of 18 ms.
- P6: the steps of a log-in, each measured by itself, add up to about 1 ms beside argon2id; one after the other they
  take 3. Presumably argon2id leaves the processor's caches cold, and so does all else that runs on a full machine.
- P2: django-ca writes into SQLite in its own process, ours into PostgreSQL, whose time is not counted; but ours records
  plan and certificate in two commits, and lints a signed copy first: of its time a quarter is signing and linting, the
  rest the way to the database and back.
- P7: hello world asks nobody. Behind each of our pages stand the session and the certificate's own stream, read anew,
  and on /home the account, the person and the organization; each question and each way to a thread costs about as
  much as a hello world.
- P8 counts pages of 8 KiB, in memory or not, of the worker's own question (EXPLAIN, BUFFERS); the due ones are strewn
  over the table, so that each is on a page of its own.
- R9.1 counts likewise, for each list in each order and by each filter, the first page of 50 rows and one up to 100,000
  rows behind; pages of fewer rows are reckoned for 50. A page reads its rows, each from a place of its own, and an
  index that has grown by one level. What costs more are certificates that end within a few days, by their users: no
  index goes by both, so one that goes by user is read until a page is full, without the rows themselves.
- P3, P4: peers that are not on the machine have no row. `SHOMEI_BENCH_DJANGO_CA` names the python of an environment
  with `django-ca` and `gunicorn`; `golang-cfssl` is Debian's. Each peer speaks the HTTP it speaks best: `openssl ocsp`
  closes the connection after each answer, the others keep it; django-ca signs each answer anew. P4's goals are
  absolute, so what stands beside is the goal itself.
- "told only" rows have no goal.
"""

FSYNCS = 3  # of 発行: its start, the plan, the result


def machine(load: float) -> str:
    models = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    model = models[0].partition(":")[2].strip() if models else platform.machine()
    with place() as at, psycopg.connect(at.dsn.owner) as owner:
        postgres = owner.execute("show server_version").fetchone()
    return (
        f"{now():%Y-%m-%d}; {os.cpu_count()} processors ({model}), Linux {platform.release().partition('-')[0]}, "
        f"Python {platform.python_version()}, PostgreSQL {postgres[0] if postgres else ''}, "
        f"cryptography {version('cryptography')}; load of the machine before the run: {load:.0f}."
    )


def main() -> None:
    rows, load = list[Row](), os.getloadavg()[0]
    for script in (
        issuance,
        event_loop,
        logins,
        append,
        reminder_scan,
        lists,
        ocsp,
        revocation_list,
        certification,
        pages,
    ):
        told = script.rows()
        print(table(told), flush=True)
        rows += told
    text = TEXT.format(machine=machine(load), table=table(rows), rounds=ROUNDS, fsyncs=FSYNCS)
    DOCUMENT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
