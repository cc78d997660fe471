"""Debian's nginx with deploy/nginx.conf as it stands, but for addresses, files and the log."""

import grp
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.development_certificate import DevelopmentCertificate
from tests.support.eventually import patiently
from tests.support.fleet import free_port

CONFIGURATION = Path(__file__).parents[2] / "deploy" / "nginx.conf"
ACCOUNT = "www-data"  # Debian's own for nginx: what it may open is part of what is tried

NGINX = Path("/usr/sbin/nginx")  # which is on the path of root alone

needs_nginx = pytest.mark.skipif(not NGINX.exists(), reason="needs Debian's nginx")


class Nginx:
    """In `folder`, which its workers must be able to enter. `socket` is for `serve`, `port` has TLS, `plain` none."""

    def __init__(self, folder: Path, certificate: DevelopmentCertificate, authorities: Path, pki_port: int) -> None:
        self.folder = folder
        self.port, self.plain = free_port(), free_port()
        self.socket = socket_in(folder / "run")
        configuration = CONFIGURATION.read_text(encoding="utf-8")
        for shipped, here in {
            "listen 443 ssl;": f"listen 127.0.0.1:{self.port} ssl;",
            "listen [::]:443 ssl;": "",
            "listen 80;": f"listen 127.0.0.1:{self.plain};",
            "listen [::]:80;": "",
            "/run/shomei/web.sock": str(self.socket),
            "127.0.0.1:8480": f"127.0.0.1:{pki_port}",
            "/etc/shomei/tls/server.pem": str(certificate.certificate),
            "/etc/shomei/tls/server.key": str(certificate.key),
            "/var/lib/shomei/authority/clients.pem": str(authorities),
            "/var/log/nginx/": f"{folder}/",
        }.items():
            assert shipped in configuration, f"deploy/nginx.conf no longer has {shipped}"
            configuration = configuration.replace(shipped, here)
        (folder / "shomei.conf").write_text(configuration)
        # As Debian's own nginx.conf: its workers' account, and compression.
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
        account = f"user {ACCOUNT};" if os.geteuid() == 0 else ""
        self.main = folder / "nginx.conf"
        self.main.write_text(
            f"{account} daemon off; worker_processes 1; pid {folder}/pid; error_log {self.log} info;\n"
            f"events {{}}\nhttp {{ gzip on; {temporary} include {folder}/shomei.conf; }}\n"
        )

    @property
    def log(self) -> Path:
        return self.folder / "error.log"

    @property
    def access_log(self) -> Path:
        return self.folder / "shomei.log"

    @contextmanager
    def running(self) -> Iterator[None]:
        process = subprocess.Popen([NGINX, "-e", self.log, "-c", self.main], stderr=subprocess.DEVNULL)
        try:
            patiently(lambda: self._accepts(process))
            yield
        finally:
            process.terminate()
            process.wait()

    def _accepts(self, process: "subprocess.Popen[bytes]") -> bool:
        assert process.poll() is None, self.log.read_text()
        with socket.socket() as caller:
            return caller.connect_ex(("127.0.0.1", self.port)) == 0


def socket_in(folder: Path) -> Path:
    """As systemd makes it for shomei-web.service: 0750, of a group that nginx's account belongs to."""
    folder.mkdir()
    if os.geteuid() == 0:
        os.chown(folder, -1, grp.getgrnam(ACCOUNT).gr_gid)
        folder.chmod(0o2750)
    else:
        folder.chmod(0o750)
    return folder / "web.sock"
