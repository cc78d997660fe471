"""deploy/ agrees with the code: names, bounds, commands, settings (architecture 'TLS', 'Processes').

That Debian's nginx does what its file says is tried in tests/journeys/test_nginx.py.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.cli import main
from infra.settings import entries
from infra.tls_server import CIPHERS, KEEP_ALIVE
from web.app import BODY_LIMIT
from web.browser import PROTOCOL
from web.identity import CERTIFICATE, VERIFICATION

DEPLOY = Path(__file__).parents[2] / "deploy"
NGINX = re.sub(r"#[^\n]*", "", (DEPLOY / "nginx.conf").read_text(encoding="utf-8"))
UNITS = DEPLOY / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
HARDENING = (UNITS / "shomei-.service.d" / "hardening.conf").read_text()
PROGRAM = "/opt/shomei/.venv/bin/shomei"


def server(listens: str) -> str:
    """The block of that listener."""
    found: str
    (found,) = (block for block in re.findall(r"^server \{.*?^\}", NGINX, re.MULTILINE | re.DOTALL) if listens in block)
    return found


def value(directive: str, block: str) -> str:
    found: str
    (found,) = re.findall(rf"^\s*{directive}\s+(.*?);", block, re.MULTILINE)
    return found


SECURE = server("listen 443 ssl")


@pytest.mark.parametrize("header", [CERTIFICATE, VERIFICATION, PROTOCOL, "x-real-ip", "client-cert-chain"])
def test_nginx_writes_each_header_that_is_believed_once_for_all_locations(header: str) -> None:
    written = [name.lower() for name in re.findall(r"^    proxy_set_header (\S+)", SECURE, re.MULTILINE)]

    assert written.count(header) == 1


def test_no_location_has_headers_of_its_own_for_it_would_inherit_none() -> None:
    locations = re.findall(r"location [^{]*\{(.*?)\}", NGINX, re.DOTALL)

    assert len(locations) == 7
    assert [body for body in locations if "proxy_set_header" in body or "include" in body] == []


def test_nginx_offers_what_the_embedded_server_offers() -> None:
    assert value("ssl_protocols", SECURE) == "TLSv1.2 TLSv1.3"
    assert set(value("ssl_ciphers", SECURE).split(":")) == set(CIPHERS.split(":"))


def test_nginx_leaves_the_answer_to_a_long_body_to_the_application() -> None:
    kilobytes = value("client_max_body_size", SECURE)

    assert int(kilobytes.removesuffix("k")) * 1024 > BODY_LIMIT
    assert value("client_body_buffer_size", SECURE) == kilobytes  # none of it goes into a file
    assert value("proxy_max_temp_file_size", SECURE) == "0"


def test_nginx_is_the_one_to_close_an_idle_connection() -> None:
    (upstream,) = re.findall(r"upstream shomei \{(.*?)^\}", NGINX, re.MULTILINE | re.DOTALL)

    assert int(value("keepalive_timeout", upstream).removesuffix("s")) < KEEP_ALIVE


def test_each_process_of_the_procfile_has_a_unit() -> None:
    commands = [line.split()[-1] for line in (DEPLOY.parent / "Procfile").read_text().splitlines()]

    started = [line for unit in SERVICES for line in re.findall(r"^ExecStart=(.*)$", unit.read_text(), re.MULTILINE)]

    assert sorted(started) == sorted(f"{PROGRAM} {command}" for command in commands)
    assert set(commands) <= set(main.commands)


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_each_unit_belongs_to_the_target_and_takes_the_common_restrictions(unit: Path) -> None:
    text = unit.read_text()

    assert unit.name.startswith("shomei-")  # by which shomei-.service.d is its own
    assert "PartOf=shomei.target\n" in text
    assert "WantedBy=shomei.target\n" in text
    for line in HARDENING.splitlines():
        if line and not line.startswith(("#", "[", "Environment=")):
            assert line.split("=")[0] + "=" not in text


def test_the_units_set_only_what_is_a_setting() -> None:
    known = {entry.variable for entry in entries()}

    named = set(re.findall(r"SHOMEI_[A-Z_]+(?==)", HARDENING + "".join(unit.read_text() for unit in SERVICES)))

    assert named == {"SHOMEI_HOME", "SHOMEI_LOG_FORMAT", "SHOMEI_SOCKET"}
    assert named <= known


def test_nginx_finds_the_socket_where_the_unit_puts_it() -> None:
    text = (UNITS / "shomei-web.service").read_text()

    (socket,) = re.findall(r"SHOMEI_SOCKET=(\S+)", text)

    assert f"server unix:{socket};" in NGINX
    assert socket.startswith("/run/shomei/")
    assert "RuntimeDirectory=shomei\nRuntimeDirectoryMode=0750\n" in text


@pytest.mark.parametrize(
    "restriction",
    [
        "User=shomei",
        "UMask=0077",
        "LimitCORE=0",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "PrivateTmp=yes",
        "MemoryDenyWriteExecute=yes",
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
        "StateDirectoryMode=0700",
    ],
)
def test_the_units_are_restricted(restriction: str) -> None:
    assert restriction in HARDENING.splitlines()


# A container has no systemd, and needs none: what can be read without it is held above.
if shutil.which("systemd-analyze"):

    def test_systemd_finds_no_fault_with_the_units(tmp_path: Path) -> None:
        shutil.copytree(UNITS, tmp_path, dirs_exist_ok=True)
        for unit in tmp_path.glob("*.service"):
            unit.write_text(unit.read_text().replace(PROGRAM, "/bin/true"))
        names = [str(tmp_path / unit.name) for unit in (*SERVICES, UNITS / "shomei.target")]

        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", *names],
            env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
        )

        assert (done.returncode, done.stdout + done.stderr) == (0, "")
