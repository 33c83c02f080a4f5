# SPDX-License-Identifier: GPL-3.0-or-later
"""One listener of a host without its sockets: which path is whose, who may come in, and what travels encrypted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from wire import compression, sealing
from wire.auth import ConnectionAuth, Headers
from wire.description import Endpoint
from wire.injected_faults import ConnectionDroppedError
from wire.service import Service

_SOAP = "application/soap+xml;charset=UTF-8"
_PAGE = (
    '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN""http://www.w3.org/TR/html4/strict.dtd">\r\n'
    "<HTML><HEAD><TITLE>{title}</TITLE>\r\n"
    '<META HTTP-EQUIV="Content-Type" Content="text/html; charset=us-ascii"></HEAD>\r\n'
    "<BODY><h2>{title}</h2>\r\n<hr><p>HTTP Error {status}. {text}</p>\r\n</BODY></HTML>\r\n"
)


@dataclass(frozen=True)
class Reply:
    """An HTTP answer; a dropped one is none: the connection just ends."""

    status: int
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    dropped: bool = False


Pages = Callable[[str, str], "Reply | None"]
"""What a web site answers to a method and a target without an account; nothing where it has no such page."""


def page(status: int, title: str, text: str, headers: Sequence[tuple[str, str]] = ()) -> Reply:
    """An error page of HTTP.sys."""
    body = _PAGE.format(title=title, status=status, text=text).encode()
    return Reply(status, [("Content-Type", "text/html; charset=us-ascii"), *headers], body)


class Front:
    """What a listener does with a request."""

    def __init__(
        self, service: Service, endpoints: Sequence[Endpoint], *, encrypted: bool, pages: Pages | None = None
    ) -> None:
        self.service, self.encrypted, self._find_page = service, encrypted, pages
        self._endpoints: dict[str, list[Endpoint]] = {}
        for endpoint in endpoints:
            self._endpoints.setdefault(endpoint.path, []).append(endpoint)

    def handle(self, auth: ConnectionAuth, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one request of a connection."""
        path = target.partition("?")[0].rstrip("/").lower()
        if self.service.injected.take("http_503"):
            return page(503, "Service Unavailable", "The service is unavailable.")
        if path not in self._endpoints:
            found = self._find_page(method, target) if self._find_page else None
            return found or page(404, "Not Found", "The requested resource is not found.")
        if method != "POST":
            return page(405, "Method Not Allowed", "The HTTP verb is not allowed.", [("Allow", "POST")])
        if path == "/wsman" and headers.get("wsmanidentify", "").lower() == "unauthenticated":
            status, xml = self.service.handle(body, None, path)
            return Reply(status, [("Content-Type", _SOAP)], xml)
        return self._compressed(self._authenticated(auth, path, headers, body), path, headers)

    def _compressed(self, reply: Reply, path: str, headers: Mapping[str, str]) -> Reply:
        """The answer as it leaves: compressed by IIS where its client asks for that, and by whoever stands before it where nobody does."""
        if not reply.body:
            return reply
        by_iis = self._endpoints[path][0].is_product and compression.accepts(headers.get("accept-encoding", ""))
        if not by_iis and not self.service.injected.take("compressed_answers"):
            return reply
        more, body = compression.compress(reply.body)
        return Reply(reply.status, [*reply.headers, *more], body)

    def _schemes(self, path: str, *, plain: bool) -> list[str]:
        schemes = [scheme for endpoint in self._endpoints[path] for scheme in endpoint.schemes]
        return schemes if plain else [scheme for scheme in schemes if scheme != "Basic"]

    def _authenticated(self, auth: ConnectionAuth, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        endpoints = self._endpoints[path]
        plain = self.encrypted or any(endpoint.allow_unencrypted for endpoint in endpoints)
        refused = auth.authenticate(headers.get("authorization", ""), self._schemes(path, plain=plain))
        if refused is not None:
            return Reply(401, refused)
        final = list(auth.final)
        if not body:
            return Reply(200, final)
        content_type = headers.get("content-type", "")
        sealed = sealing.is_sealed(content_type)
        if not sealed and not plain:
            return Reply(500, final)  # as WinRM does with AllowUnencrypted = false: no envelope at all
        try:
            xml = auth.unseal(content_type, body) if sealed else body
        except Exception:  # pyspnego raises many types: each means a message that cannot be read
            return Reply(400, final)
        return self._answer(auth, path, xml, final, sealed=sealed)

    def _answer(self, auth: ConnectionAuth, path: str, xml: bytes, final: Headers, *, sealed: bool) -> Reply:
        if len(xml) > self.service.host.limits.max_envelope_kb * 1024:
            return page(413, "Request Entity Too Large", "The request entity is too large.", final)
        try:
            status, answer = self.service.handle(xml, auth.identity, path)
        except ConnectionDroppedError:
            return Reply(0, dropped=True)
        content_type = _SOAP
        if sealed:
            content_type, answer = auth.seal(answer, spaced=self._endpoints[path][0].is_product)
        return Reply(status, [("Content-Type", content_type), *final], answer)
