"""Prefect's server as ``zhishu serve`` runs it: its own application behind one header.

``python -m flows.server`` is started by ``flows/serve.py``; host, port, password, CSRF and CORS are Prefect
settings, given by the environment of ``flows/guarding.py``. They do not reach one thing: the pages of the
user interface ask a host of the web for the configuration of their usage statistics before they know that
these are switched off. The header lets the browser load from and connect to this server alone, so that neither they nor
a picture named in somebody's file can call out.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any, TypeAlias

import uvicorn
from prefect.server.api.server import create_app
from prefect.settings import get_current_settings

# the drawing of a run and the check of a form are compiled in the page (eval), styles are written by scripts
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval'; connect-src 'self' ws://{origin}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)

Message: TypeAlias = MutableMapping[str, Any]


class Sealed:
    """An ASGI application whose pages know their own server alone and stand in no frame."""

    def __init__(self, app: Any, host: str, port: int) -> None:
        self._app = app
        policy = POLICY.format(origin=f"{host}:{port}")
        self._header = (b"content-security-policy", policy.encode("ascii"))

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), self._header]}
            await send(message)

        await self._app(scope, receive, sealed)


def main() -> None:
    """Serve until SIGTERM."""
    api = get_current_settings().server.api
    uvicorn.run(
        Sealed(create_app(final=True), api.host, api.port),
        host=api.host,
        port=api.port,
        timeout_keep_alive=api.keepalive_timeout,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
