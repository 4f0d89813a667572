"""The server's certificate, from files, which may be renewed while it runs."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from codec.errors import SecoustiError
from server.settings import ServerSettings

log = logging.getLogger(__name__)


class Certificate:
    """A chain and its key; ``key`` None: it stands in the chain's file.

    Raises:
        SecoustiError: the files cannot be read, or do not belong together.
    """

    def __init__(self, chain: Path, key: Path | None) -> None:
        self._chain, self._key = chain, key
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._load()

    def renew(self) -> None:
        """Reads the files again, for connections from now on; broken ones change nothing."""
        try:
            Certificate(self._chain, self._key)
            self._load()
        except SecoustiError as error:
            log.error("the certificate stays as it was: %s", error)
        else:
            log.info("the certificate was read again")

    def _load(self) -> None:
        try:
            self.context.load_cert_chain(self._chain, self._key)
        except (OSError, ssl.SSLError) as error:
            raise SecoustiError(f"cannot use the TLS files: {error}; check both paths") from error


def certificate_of(settings: ServerSettings) -> Certificate | None:
    """The certificate that the settings name."""
    if settings.tls_cert is None and settings.tls_key is not None:
        raise SecoustiError("tls_key without tls_cert: name the certificate too")
    if settings.tls_cert is None:
        return None
    return Certificate(settings.tls_cert, settings.tls_key)
