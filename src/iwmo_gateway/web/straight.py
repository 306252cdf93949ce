"""The route of what is sent, which every message comes by."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import BackgroundTasks, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute

from iwmo_gateway.web.access import BEARER, asked_of, the_caller
from iwmo_gateway.web.calls import sent


class Straight(APIRoute):
    """Documented by its dependencies like any other, but asks for them by itself: who calls, the right, the message.

    FastAPI takes longer to find out what it is to ask than the asking takes.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers a call.

        Raises TypeError where the endpoint has another dependency, which nobody would ask for.
        """
        if [one.call for one in self.dependant.dependencies] != [sent]:
            raise TypeError(f"{self.path} depends on more than what is sent")
        (needs,) = asked_of(self.dependant)

        async def answer(request: Request) -> Response:
            background, headers = BackgroundTasks(), request.headers
            bearer, namens = await BEARER(request), headers.get("x-namens")
            caller = await needs(await run_in_threadpool(the_caller, request, background, bearer, namens))
            message = await sent(request, caller, headers.get("x-received-at"))
            response: Response = await run_in_threadpool(self.endpoint, request, message)
            response.background = background
            return response

        return answer
