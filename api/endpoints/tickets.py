"""Tickets endpoint: one-use tickets for browsers, which cannot set headers on a WebSocket or an EventSource."""

from dataclasses import dataclass
from typing import ClassVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.errors import FORBIDDEN, ProblemType
from api.resources import Resources
from api.rest import params
from api.rest.operation import JSON, Operation
from api.security.authorization import require_scope
from api.security.origin import check_origin
from api.security.principal import Principal
from api.security.tickets import TTL_S
from domain.api_keys import Scope

PATH = "/api/v1/tickets"
CREATED = 201


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """One-use ticket: open a WebSocket or an event stream with `?ticket=…` within `expires_in_s`."""

    ticket: str
    expires_in_s: int


async def make_ticket(resources: Resources, holder: Principal) -> Ticket:
    """Create a one-use ticket with which a browser may open one WebSocket or event stream.

    The request has no body. The connection ends when the key or token that created the ticket expires or is revoked.
    """
    return Ticket(ticket=await resources.access.tickets.issue(holder), expires_in_s=TTL_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketOperation(Operation):
    """A POST without a body; it may be repeated, since each request creates a new short-lived ticket."""

    method: ClassVar[str] = "post"
    success: ClassVar[int] = CREATED
    scope: Scope | None = "stream"
    no_store: bool = True

    @property
    def possible_problems(self) -> tuple[ProblemType, ...]:
        """Problems it may respond with, besides invalid parameters and internal errors."""
        return (*self.problems, FORBIDDEN)

    def route(self) -> Route:
        """The Starlette route of this operation."""

        async def endpoint(request: Request) -> Response:
            resources: Resources = request.app.state.resources
            check_origin(request, resources.settings)
            holder = require_scope(request.state.caller, "stream", resources.access)
            params.parse(self.parameters, request.scope["query_string"], request.path_params)
            ticket = await self.handler(resources, holder)
            return Response(msgspec.json.encode(ticket), CREATED, {"Cache-Control": "no-store"}, JSON)

        return Route(self.path, endpoint, methods=["POST"], name=self.name)
