"""What the visitor's browser is, as far as its requests and its connection tell (R11.1, R11.3)."""

from typing import Literal

from starlette.requests import Request

Browser = Literal["edge", "ie_mode", "other"]
Windows = Literal["windows_10_or_11", "older_windows", "no_windows"]
Tls = Literal["tls_1_3", "tls_1_2", "older_tls", "unknown"]

PROTOCOL = "x-ssl-protocol"  # nginx's $ssl_protocol (deploy/nginx.conf)
TOLD: dict[str, Tls] = {"TLSv1.3": "tls_1_3", "TLSv1.2": "tls_1_2", "TLSv1.1": "older_tls", "TLSv1": "older_tls"}
NUMBERS: dict[int, Tls] = {0x0304: "tls_1_3", 0x0303: "tls_1_2"}  # the ASGI TLS extension's tls_version


def browser_of(user_agent: str) -> Browser:
    # Edge's IE mode sends what IE 11 did, in every compatibility view with its engine's name.
    if "Trident/" in user_agent:
        return "ie_mode"
    return "edge" if "Edg/" in user_agent else "other"


def windows_of(user_agent: str) -> Windows:
    """Windows 11 says 10 here too: a script may learn more, from browsers that have User-Agent Client Hints."""
    if "Windows NT 10.0" in user_agent:
        return "windows_10_or_11"
    return "older_windows" if "Windows" in user_agent else "no_windows"


def tls_of(request: Request) -> Tls:
    """Behind nginx, which alone speaks to us there, as it says; else as the embedded server does."""
    if request.app.state.behind_nginx:
        told = request.headers.getlist(PROTOCOL)
        return TOLD.get(told[0], "unknown") if len(told) == 1 else "unknown"
    version = request.scope.get("extensions", {}).get("tls", {}).get("tls_version")
    return NUMBERS.get(version, "unknown")
