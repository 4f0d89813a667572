"""TLS by files: a call over wss, files renewed in a running server, and wrong ones refused."""

from __future__ import annotations

import dataclasses
import ssl

import pytest
from websockets.asyncio.client import connect

from codec.errors import SecoustiError
from server.serving import check
from server.wires import native
from tests.server.sockets import QUICK, with_server

trustme = pytest.importorskip("trustme", reason="pip install trustme")


def issue(ca, folder, name="localhost"):
    """A certificate of ``ca`` for ``name``, in the files that the settings name."""
    issued = ca.issue_cert(name)
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    return dataclasses.replace(QUICK, tls_cert=chain, tls_key=key)


async def welcomed(server, ca):
    """Whether a caller who trusts only ``ca`` is answered."""
    context = ssl.create_default_context()
    ca.configure_trust(context)
    address = f"wss://127.0.0.1:{server.port}/call"
    options = {"ssl": context, "server_hostname": "localhost", "compression": None}
    async with connect(address, subprotocols=[native.SUBPROTOCOL], **options) as socket:
        await socket.send(native.encode(native.Hello()))
        return isinstance(native.ClientWire().decode(await socket.recv()), native.Welcome)


def test_a_renewed_certificate_is_used_and_a_broken_one_is_not(tmp_path, caplog):
    old, new = trustme.CA(), trustme.CA()
    settings = issue(old, tmp_path)

    async def work(server):
        assert await welcomed(server, old)
        with pytest.raises(ssl.SSLCertVerificationError):
            await welcomed(server, new)
        issue(new, tmp_path)
        server.reload()
        assert await welcomed(server, new)
        settings.tls_cert.write_text("nothing")
        server.reload()
        assert "stays as it was" in caplog.text
        assert await welcomed(server, new)

    with_server(work, settings)


def test_files_that_do_not_fit_are_told_before_any_model_is_loaded(tmp_path):
    settings = issue(trustme.CA(), tmp_path)
    check(settings)
    settings.tls_key.write_text("nothing")
    with pytest.raises(SecoustiError, match="TLS files"):
        check(settings)
    with pytest.raises(SecoustiError, match="tls_key without"):
        check(dataclasses.replace(settings, tls_cert=None))
    with pytest.raises(SecoustiError, match="cannot read the tokens"):
        check(dataclasses.replace(QUICK, tokens=tmp_path / "absent.json"))
    with pytest.raises(SecoustiError, match="trusted_proxies"):
        check(dataclasses.replace(QUICK, trusted_proxies=("proxy.example",)))
