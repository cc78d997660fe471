"""django-ca as a peer, in an environment of its own (made for the run, or `SHOMEI_BENCH_DJANGO_CA` names the python of
one), as SERVED below.

OCSP is answered by gunicorn with one worker that keeps connections open; lists and certificates are made by the calls
that django-ca's own commands make.
"""

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

PYTHON = "SHOMEI_BENCH_DJANGO_CA"
# Both sides sign with the same library.
PACKAGES = ["django-ca==3.2.0", "django==5.2.19", "gunicorn==27.0.1", f"cryptography=={version('cryptography')}"]

SERVED = """
import io, json, os, signal, sys, time, types
from datetime import datetime, timedelta, timezone
from pathlib import Path

home = Path(sys.argv[1])
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="bench", USE_TZ=True, ROOT_URLCONF="places", MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    ALLOWED_HOSTS=["*"],
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django_ca"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(home / "db")}},
    STORAGES={
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        "django-ca": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(home)}},
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", CA_DEFAULT_HOSTNAME="ca.example.com", CA_USE_CELERY=False,
)
django.setup()
from django.urls import include, path as at
sys.modules["places"] = types.ModuleType("places")
sys.modules["places"].urlpatterns = [at("django_ca/", include("django_ca.urls"))]
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from django.db import connections
from gunicorn.app.base import BaseApplication
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.urls import reverse
from django_ca.models import Certificate, CertificateAuthority, CertificateRevocationList

quiet = dict(stdout=io.StringIO(), stderr=io.StringIO())
call_command("migrate", verbosity=0)
call_command("init_ca", "bench", "CN=bench", key_type="EC", **quiet)
ca = CertificateAuthority.objects.get()
options = ca.key_backend.use_model.model_validate({}, context={"ca": ca, "backend": ca.key_backend})
ca.generate_ocsp_key(options)
key = ec.generate_private_key(ec.SECP256R1())
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench.example.com")])
csr = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
certificate = Certificate.objects.create_cert(ca, options, csr, subject=name)
issuer = ca.pub.loaded
asked = ocsp.OCSPRequestBuilder().add_certificate(certificate.pub.loaded, issuer, hashes.SHA1())
asked = asked.add_extension(x509.OCSPNonce(os.urandom(32)), False).build().public_bytes(serialization.Encoding.DER)
path = reverse("django_ca:ocsp-cert-post", kwargs={"serial": ca.serial})

class Web(BaseApplication):
    def load_config(self):
        chosen = dict(bind="127.0.0.1:" + sys.argv[2], workers=1, worker_class="gthread", threads=1, keepalive=75)
        for name, value in dict(chosen, loglevel="error").items():
            self.cfg.set(name, value)

    def load(self):
        return WSGIHandler()

connections.close_all()
web = os.fork()
if web == 0:
    Web().run()

def revoke(count):
    now, have = datetime.now(timezone.utc), Certificate.objects.filter(revoked=True).count()
    like = Certificate.objects.exclude(pk=None).filter(revoked=False)[0]
    made = [
        Certificate(
            ca=ca, serial=f"{(1 << 150) + number:X}", pub=like.pub, cn="x", revoked=True, revoked_date=now,
            revoked_reason="key_compromise", not_before=now, not_after=now + timedelta(days=300),
        )
        for number in range(have, have + count)
    ]
    Certificate.objects.bulk_create(made, batch_size=500)

authorities = {"EC": (ca, options)}

def certify(kind, count):
    if kind not in authorities:
        call_command("init_ca", kind, "CN=" + kind, key_type=kind, key_size=2048, **quiet)
        other = CertificateAuthority.objects.get(name=kind)
        model = other.key_backend.use_model.model_validate({}, context={"ca": other, "backend": other.key_backend})
        authorities[kind] = other, model
    begun = time.process_time()
    for _ in range(count):
        Certificate.objects.create_cert(*authorities[kind], csr, subject=name)
    return time.process_time() - begun

def publish():
    CertificateRevocationList.objects.create_certificate_revocation_list(ca=ca, key_backend_options=options)

print(json.dumps([web, path, asked.hex()]), flush=True)
for line in sys.stdin:
    what, times = json.loads(line)
    cost = 0
    if what == "revoke":
        revoke(times)
    elif what != "list":
        cost = certify(what, times)
    else:
        begun = time.process_time()
        publish()
        cost = time.process_time() - begun
    print(json.dumps(cost), flush=True)
os.kill(web, signal.SIGTERM)
"""


class DjangoCa:
    """`web` is the process that answers at `port`, where `path` takes `request`, one with a nonce."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self._process, self.port = process, port
        self.web, self.path, request = self._read()
        self.request = bytes.fromhex(request)

    def revoke(self, count: int) -> None:
        """So many more entries."""
        self._do("revoke", count)

    def publish(self) -> float:
        """A new list; seconds of processor time."""
        return float(self._do("list", 1))

    def certify(self, kind: str, count: int) -> float:
        """So many certificates of an authority with an `EC` (P-256) or `RSA` (2048 bits) key; seconds of processor
        time. The first call of a kind makes its authority."""
        return float(self._do(kind, count))

    def close(self) -> None:
        self._process.communicate()

    def _do(self, what: str, times: int) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([what, times]) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


@cache
def environment() -> str | None:
    """The python of an environment with PACKAGES: the one that is named, else one that lasts as long as this process;
    None where they are not to be had."""
    if named := os.environ.get(PYTHON):
        return named
    print(f"an environment with {' '.join(PACKAGES)} …", file=sys.stderr, flush=True)
    home = Path(tempfile.mkdtemp(prefix="shomei-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    python = str(home / "bin" / "python")
    quiet = subprocess.DEVNULL
    try:
        if uv := working_uv():
            subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(home)], check=True)
            subprocess.run([uv, "pip", "install", "-q", "--python", python, *PACKAGES], check=True)
        else:
            subprocess.run([sys.executable, "-m", "venv", str(home)], check=True, stdout=quiet)
            words = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "--root-user-action=ignore"]
            subprocess.run([python, *words, *PACKAGES], check=True)
    except subprocess.CalledProcessError:
        return None
    return python


def working_uv() -> str | None:
    """A version manager's `uv` may stand for none."""
    found = shutil.which("uv")
    return found if found and subprocess.run([found, "--version"], capture_output=True).returncode == 0 else None


@contextmanager
def django_ca(home: Path, port: int) -> Iterator[DjangoCa | None]:
    """None where there is no such environment."""
    python = environment()
    if python is None:
        yield None
        return
    home.mkdir()
    words = [python, "-c", SERVED, str(home), str(port)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        found = DjangoCa(process, port)
        try:
            yield found
        finally:
            found.close()
