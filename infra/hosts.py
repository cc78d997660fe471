"""Names and addresses of machines."""

import ipaddress


def names_loopback(host: str) -> bool:
    """Whether it is this machine as only itself knows it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def address_literal(host: str) -> str | None:
    """[192.0.2.1] or [IPv6:2001:db8::1], where SMTP has a domain (RFC 5321 4.1.3); None for a name."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return f"[{address}]" if address.version == 4 else f"[IPv6:{address}]"
