"""A certificate with its key, packed cheaply: few iterations, where their number is not the point."""

import msgspec

from application.ports import KeyPair
from domain.organization_facts import Profile
from infra.authority import IssuingAuthority
from infra.pkcs12 import KeyPackageFactory, Rounds, pack
from tests.support.pkix import request_for

PASSWORD = "Abc123xyz"
FEW = Rounds(key=3, certificates=3, mac=3)


class Issued(msgspec.Struct, frozen=True):
    key: KeyPair
    leaf: bytes
    chain: tuple[bytes, bytes]

    def packed_by(self, factory: KeyPackageFactory) -> bytes:
        return factory.pack("taro01", self.key, self.leaf, self.chain, PASSWORD, "modern")

    def packed(self, profile: Profile, rounds: Rounds = FEW) -> bytes:
        return pack("taro01", self.key.private, self.leaf, self.chain, PASSWORD, profile, rounds)


def issued_by(authority: IssuingAuthority, key: KeyPair) -> Issued:
    request = request_for(key=key.public)
    return Issued(key, authority.sign(request, authority.plan(request)), authority.chain)
