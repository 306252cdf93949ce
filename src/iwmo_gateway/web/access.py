"""Who may do what over HTTP: the token, the limits, and the right that each call needs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Annotated, Any, Final

from fastapi import BackgroundTasks, Depends, Header, Request
from fastapi.dependencies.models import Dependant
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from iwmo_gateway.gateway import metrics
from iwmo_gateway.gateway.access import Caller, Expired, caller_of, note_use, signed_in, use_is_due
from iwmo_gateway.gateway.context import Gateway
from iwmo_gateway.standard.days import AMSTERDAM
from iwmo_gateway.store.parties import RIGHTS, Right, TokenRole
from iwmo_gateway.web.limits import Limit
from iwmo_gateway.web.problems import ProblemError
from iwmo_gateway.web.session import Session, is_console, session_of
from iwmo_gateway.web.trail import call_of

BEARER: Final = HTTPBearer(auto_error=False, description="Token of a party, operator or auditor")
_FAILURES: Final = "30/minute"
"""Most wrong tokens from one address: enough for who copied one wrongly, and few for who tries them out."""
_ROLES: Final = {
    TokenRole.PARTY: "partij",
    TokenRole.OPERATOR: "beheerder (operator)",
    TokenRole.AUDITOR: "auditor",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one process: calls by token, and wrong tokens by address."""

    calls: Limit
    failures: Limit

    @classmethod
    def of(cls, gateway: Gateway) -> "Limits":
        """Those that the settings ask for."""
        return cls(Limit(gateway.settings.rate_limit), Limit(_FAILURES))


def gateway_of(request: Request) -> Gateway:
    """The gateway that this process serves."""
    gateway: Gateway = request.app.state.gateway
    return gateway


async def the_gateway(request: Request) -> Gateway:
    """As `gateway_of`, for an endpoint."""
    return gateway_of(request)


def the_caller(
    request: Request,
    background: BackgroundTasks,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)],
    x_namens: Annotated[str | None, Header(description="Of a service bureau: the party that it acts for")] = None,
) -> Caller:
    """Who calls, and as which party: 401 without a token that is good, 429 for too many calls, 403 for no mandate.

    In the console it is who signed in there.
    """
    # Not as dependencies: every call asks who calls, and FastAPI takes longer to give these than they take themselves.
    gateway, call = gateway_of(request), call_of(request)
    if is_console(request):
        session = session_of(request)
        call.named = session is not None
        known, named = _of_session(gateway, session), session.namens if session else None
    else:
        call.named = bearer is not None
        known, named = caller_of(gateway, bearer.credentials, datetime.now(UTC)) if bearer else None, x_namens
    if not isinstance(known, Caller):
        if bearer is not None:
            count_failure(request)
        raise _not_let_in(known)
    call.by(known)
    limits: Limits = request.app.state.limits
    if wait := limits.calls.wait(known.token, monotonic()):
        metrics.count_limited()
        raise _too_often(f"Dit token doet meer dan {limits.calls.rate} aanroepen.", limits.calls, wait)
    if use_is_due(known):
        # When the answer is on its way: no call waits for a write that is not its own.
        background.add_task(note_use, gateway, known)
    acting = known if named is None else known.acting_for(named)
    if acting is None:
        raise ProblemError("IB009", "De partij namens wie u werkt gaf u geen machtiging, of die is beëindigd.")
    return call.by(acting)


def signed_in_at(request: Request) -> Caller | None:
    """Who is signed in at a page of the console that did not ask for it, such as one that is not there."""
    session = session_of(request)
    known = _of_session(request.app.state.gateway, session)
    if session is None or not isinstance(known, Caller):
        return None
    return known if session.namens is None else known.acting_for(session.namens)


def _of_session(gateway: Gateway, session: Session | None) -> Caller | Expired | None:
    now = datetime.now(UTC)
    if session is None or session.over(now, timedelta(minutes=gateway.settings.console_minutes)):
        return None
    return signed_in(gateway, session.token, now)


class Needs:
    """What a call asks of its caller: one of these rights, or 403."""

    def __init__(self, *rights: Right) -> None:
        self.rights = rights

    async def __call__(self, caller: Annotated[Caller, Depends(the_caller)]) -> Caller:
        """The caller, who has one of them."""
        if caller.may(*self.rights):
            return caller
        roles = [role for role in TokenRole if not RIGHTS[role].isdisjoint(self.rights)]
        if caller.role not in roles:
            wanted = " of ".join(_ROLES[role] for role in roles)
            raise ProblemError("IB008", verwacht=f"een token van een {wanted}", gevonden=caller.role)
        has = ", ".join(sorted(caller.rights or ()))
        raise ProblemError("IB008", verwacht=f"een token met het recht {' of '.join(self.rights)}", gevonden=has)


Sender = Annotated[Caller, Depends(Needs(Right.SEND))]
Reader = Annotated[Caller, Depends(Needs(Right.READ))]
Checker = Annotated[Caller, Depends(Needs(Right.SEND, Right.READ))]
Decider = Annotated[Caller, Depends(Needs(Right.DECIDE))]
Operator = Annotated[Caller, Depends(Needs(Right.OPERATE))]
Overseer = Annotated[Caller, Depends(Needs(Right.OPERATE, Right.AUDIT))]
Administrator = Annotated[Caller, Depends(Needs(Right.ADMINISTER))]
AccessReader = Annotated[Caller, Depends(Needs(Right.ADMINISTER, Right.AUDIT))]
Watcher = Annotated[Caller, Depends(Needs(Right.OPERATE, Right.AUDIT, Right.ADMINISTER))]
ContractWriter = Annotated[Caller, Depends(Needs(Right.DECIDE, Right.OPERATE))]


async def the_party(caller: Annotated[Caller, Depends(the_caller)]) -> str:
    """The party that calls, or that is acted for; only a party has a mailbox."""
    if caller.party is None:
        raise ProblemError("IB008", verwacht="een token van een partij", gevonden=caller.role)
    return caller.party


def needs_of(routes: Iterable[Any]) -> Iterator[tuple[str, str, tuple[Right, ...]]]:
    """Path, method and rights of every call that asks for one."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            yield from needs_of(included.routes)
        elif (dependant := getattr(route, "dependant", None)) is not None:
            rights = tuple(right for needs in asked_of(dependant) for right in needs.rights)
            if rights:
                yield from ((route.path, method.lower(), rights) for method in route.methods)


def asked_of(dependant: Dependant) -> set[Needs]:
    """The rights that a call asks for."""
    own = {dependant.call} if isinstance(dependant.call, Needs) else set()
    return own.union(*(asked_of(one) for one in dependant.dependencies))


def count_failure(request: Request) -> None:
    """Count a wrong token. Raises ProblemError (429) where too many come from one address."""
    limits: Limits = request.app.state.limits
    # By the address that the connection comes from: a header that names another one could be anybody's.
    metrics.count_failed_authentication()
    address = request.client.host if request.client else ""
    if wait := limits.failures.wait(address, monotonic()):
        raise _too_often("Van dit adres komen te veel verkeerde tokens.", limits.failures, wait)


def _not_let_in(known: Expired | None) -> ProblemError:
    headers = {"WWW-Authenticate": "Bearer"}
    if known is None:
        return ProblemError("token", headers=headers)
    until = f"{known.at.astimezone(AMSTERDAM):%Y-%m-%d %H:%M}"
    return ProblemError("token-verlopen", f"Dit token was geldig tot {until}.", headers=headers)


def _too_often(told: str, limit: Limit, wait: int) -> ProblemError:
    return ProblemError("te-vaak", told, verwacht=f"ten hoogste {limit.rate}", headers={"Retry-After": str(wait)})
