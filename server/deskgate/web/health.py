"""/healthz: whether the process is up and serving. It says nothing else and asks no other service."""

from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deskgate import __version__


def health_routes(security: TransportSecuritySettings) -> list[Route]:
    """The route, behind the same Host and Origin check as MCP: appended routes are not covered by the SDK's."""
    guard = TransportSecurityMiddleware(security)

    async def healthz(request: Request) -> Response:
        refused = await guard.validate_request(request)
        return refused or JSONResponse({"status": "ok", "version": __version__})

    return [Route("/healthz", endpoint=healthz, methods=["GET"])]
