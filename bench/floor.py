"""The floor: the same stack (uvicorn, FastAPI, SQLAlchemy, driver, pool, durability), one INSERT and a commit per call.

It knows no callers, no XML and no rules: nothing that keeps a message at all can do much less.
"""

import sys
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, Request, Response
from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, insert

from iwmo_gateway.store.database import Database

metadata = MetaData()
kept = Table("kept", metadata, Column("id", Integer, primary_key=True), Column("body", LargeBinary, nullable=False))


def create_floor(database: Database) -> FastAPI:
    """The application of one endpoint."""
    metadata.create_all(database.engine)
    app = FastAPI(openapi_url=None)

    async def body(request: Request) -> bytes:
        return await request.body()

    def keep(body: Annotated[bytes, Depends(body)]) -> Response:
        with database.writing() as transaction:
            transaction.execute(insert(kept).values(body=body))
        return Response(b'{"status":"kept"}', 201, media_type="application/json")

    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    app.add_api_route("/v1/berichten", keep, methods=["POST"])
    app.add_api_route("/healthz", healthz)
    return app


def main(url: str, port: str) -> None:
    """Serve the floor, as `iwmo-gateway serve` serves the gateway."""
    app = create_floor(Database(url))
    uvicorn.run(app, port=int(port), log_config=None, access_log=False, server_header=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
