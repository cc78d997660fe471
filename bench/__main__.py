"""All comparisons, one after the other, into docs/benchmarks.md: `make bench`."""

import os
import platform
import shutil
from importlib.metadata import version
from pathlib import Path

import psycopg

from bench import (
    append,
    certification,
    django_ca,
    event_loop,
    issuance,
    lists,
    logins,
    ocsp,
    pages,
    rebuild,
    reminder_scan,
    revocation_list,
    verify,
)
from bench.place import place
from bench.rounds import ROUNDS, Row, table
from infra.clock import now

DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"

TEXT = """# Benchmarks

Written by `make bench`; one script of `bench/` alone: `.venv/bin/python -m bench.logins`.

{run}

{table}

## How to read it
- Two figures of one run are compared, never one figure with a day or a machine: both sides take turns, {rounds} rounds
  each after one to warm up, every other round backwards. Figures are medians of the rounds; the ratio is the median of
  the rounds' own ratios, with the lowest and highest behind it, so it need not be the quotient of the two figures. P4
  takes {rounds_of_lists} rounds; its memory and R9.1 are taken once.
- CPU is user and system time of our process (of the web process where it says so) and of its packing workers.
  PostgreSQL's own is not in it; where it says "by the clock" everything is.
- argon2id (19 MiB, two passes), PKCS#12 iterations (100,000 each) and fsync are production's. Limits are counted as in
  production, with bounds that nobody reaches. The floor under the answer to a refused try is off: it is a wait, and no
  work.
- P1 "発行 alone" begins where the password has been checked at ④. Bare are: argon2id verified, P-256 key made,
  certificate built and signed once, p12 packed, all in one process. What ours adds is the linted plan, the copy signed
  by the throwaway key, the facts in {fsyncs} commits, and the way to a worker and back.
- P5 is the most fragile: the longest of some thousand wake-ups. The row below it tells what of it is the machine's,
  whose processors are shared by everything that takes part; near 1 there means that none of it is ours. With the
  loop's debug mode on, the callbacks that took long were ones that set a single value (9 to 19 ms): the thread was
  preempted, or waited for the interpreter's lock, which another thread held that was preempted: no work of ours stands
  in the loop. From run to run the stall is between 13.8 and 24.4 ms (five runs on a quiet machine), the idle one
  between 0.5 and 2.2, and the ratio goes from 5.3 to 15.1. Tried, in turns: fewer threads for issuing, or a shorter
  switch interval (15 instead of 18 ms); argon2id in threads of lower priority (five runs each: 13.4 instead of 16.4),
  which was not taken, for log-ins would wait for whatever else the machine does; besides, a shorter slice of the
  scheduler for the loop's thread (13.4 and 11.2: less when idle too, so the ratio rose).
- P1 and P6 at the desk counted the projector's time, too, as long as every process that the benchmark had started was
  taken for a worker of its own: P1 stood at 1.22 to 1.38 then, P6 at 0.75 to 0.82. P6 through the web is what is left:
  TLS, HTTP, the form, limits and cookies take 1.8 ms beside the log-in's own 2, of which the steps, each measured by
  itself, explain 1. Presumably argon2id leaves the processor's caches cold.
- P2: with one trip for a commit instead of four, and the extensions that all certificates share made once, a
  certificate takes 1.7 to 2.1 ms of processor time in the loop of the benchmark, where it took 2.0 to 2.6 (in turns, on
  the same day), and ratios by an RSA authority went from 12.6 to 15.3 and 15.5. django-ca's own speed with a P-256 key
  differs from run to run, from 580 to 820 a CPU-second. It writes into SQLite in its own process, ours into PostgreSQL,
  whose time is not counted; but ours records plan and certificate in two commits, and lints a signed copy first. Each
  measured by itself, signing three times, linting and verifying take 0.54 ms, and each of four questions to the
  database 0.03 to 0.06; the rest presumably comes of the waits for the disk in between, after which all runs slower.
- P7: in turns with the state before, on the same commit but for this change, the JSON went from 1,004-1,026 to
  1,373-1,381 a CPU-second, /home from 819-860 to 944-983. Hello world asks nobody. Behind each of our pages stand the
  session and the certificate's own stream, read anew, in one question; /home asks for the account, the person and the
  organization besides, the API for its rows (tests/web/test_trips.py counts them). The goals leave 0.25 ms for the JSON
  and 0.4 for /home. Of that 0.1 is hello world itself, and 0.1 the way to a thread, without which a server that hangs
  would stop everybody. A question takes 0.05 ms when it is asked again and again, and 0.1 within a page, presumably
  because the thread has slept meanwhile; rendering /home likewise 0.07 and 0.14. What is left are the questions
  themselves, and nothing may be remembered in their place: a revocation holds at the very next request (R4.10).
- P8 counts pages of 8 KiB, in memory or not, of the worker's own question (EXPLAIN, BUFFERS); the due ones are strewn
  over the table, so that each is on a page of its own.
- R9.1 counts likewise, for each list in each order and by each filter, the first page of 50 rows and one up to 100,000
  rows behind; pages of fewer rows are reckoned for 50. A page reads its rows, each from a place of its own, and an
  index that has grown by one level. What costs more are certificates that end within a few days, in another order
  than that of their ends: no index goes by both, so all that end within a day, a thousand, are read, each from a place
  of its own, and sorted.
- P2, P3, P4: peers that are not on the machine have no row, and are named above. An environment with django-ca is made
  for the run, if `SHOMEI_BENCH_DJANGO_CA` does not name the python of one; `cfssl` is Debian's golang-cfssl. Each peer
  speaks the HTTP it speaks best: `openssl ocsp` closes the connection after each answer, the others keep it; django-ca
  signs each answer anew. P4's goals are absolute, so what stands beside is the goal itself.
- P9: the rebuild is the command's, folded in pages, each once, and switched. Beside it stands the log's own reading
  and decoding in the same pages, as every projector does it; the row below them tells what that costs beside a bare
  cursor and the decoders, which no read model reaches half of. `audit_log` keeps two rows of every fact and
  asks whom each stream is about, `log_tree` reads each fact once more as it is stored and hashes it, and
  `expiring_certificates` judges all certificates of a person anew, of whom there are unusually many here. These three
  were at 0.43 to 0.49 as long as lists of streams went to the server as text, which takes six times as long to write
  as binary, and a dictionary was made of each row that came back. COPY row by row was worse (0.26). The seconds at a
  million are taken once, and are PostgreSQL's too; a replay folds half of the facts and tells all rows.
- "told only" rows have no goal.
"""

FSYNCS = 3  # of 発行: its start, the plan, the result
SCRIPTS = (
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
    rebuild,
    verify,
)
PROGRAMS = {"cfssl": "golang-cfssl", "openssl": "openssl"}  # peers, and what they are in Debian


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


def peers() -> str:
    missing = [f"{name} (apt-get install {debian})" for name, debian in PROGRAMS.items() if not shutil.which(name)]
    if django_ca.environment() is None:
        missing.append(f"django-ca (an environment with {' '.join(django_ca.PACKAGES)} could not be made)")
    return f"Not on the machine, so without rows: {', '.join(missing)}." if missing else "All peers were there."


def document(run: str, measured: str) -> str:
    """`run` tells where and when, `measured` is the table; all else is fixed."""
    return TEXT.format(run=run, table=measured, rounds=ROUNDS, rounds_of_lists=revocation_list.ROUNDS, fsyncs=FSYNCS)


def main() -> None:
    rows, load = list[Row](), os.getloadavg()[0]
    for script in SCRIPTS:
        told = script.rows()
        print(table(told), flush=True)
        rows += told
    DOCUMENT.write_text(document(f"{machine(load)}\n{peers()}", table(rows)), encoding="utf-8")


if __name__ == "__main__":
    main()
