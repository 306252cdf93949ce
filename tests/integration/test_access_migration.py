"""The migration to tokens with an end and rights, on a database that has tokens and parties already."""

from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from iwmo_gateway.shipped import shipped
from iwmo_gateway.store import parties
from iwmo_gateway.store.database import Database
from iwmo_gateway.store.parties import DOMAINS, RIGHTS, Right, TokenRole
from tests.integration.test_store_migrations import empty_postgresql, empty_url

__all__ = ["empty_postgresql", "empty_url"]

TOKENS = {TokenRole.PARTY: "65656055", TokenRole.OPERATOR: None, TokenRole.AUDITOR: None}
PARTIES = {"65656055": False, "0340": True, "0384": False}
"""Parties that there were, and whether they answered for themselves."""


def test_tokens_keep_what_they_could_and_parties_are_known_that_somebody_made(empty_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(shipped("migrations")))
    (ours,) = [
        one for one in ScriptDirectory.from_config(config).walk_revisions() if Path(one.path).stem.endswith("_access")
    ]
    with closing(Database(empty_url)) as database:
        with database.writing() as transaction:
            config.attributes["connection"] = transaction.connection
            assert isinstance(ours.down_revision, str)
            command.upgrade(config, ours.down_revision)
            for code, itself in PARTIES.items():
                transaction.execute(
                    text(
                        "INSERT INTO parties (code, kind, created_at, answers_itself)"
                        " VALUES (:code, 'x', '2023-03-01 11:00:00', :itself)"
                    ),
                    {"code": code, "itself": itself},
                )
            for nr, (role, party) in enumerate(TOKENS.items()):
                transaction.execute(
                    text(
                        "INSERT INTO tokens (id, digest, role, party, label, created_at)"
                        " VALUES (:id, :digest, :role, :party, 'x', '2023-03-01 11:00:00')"
                    ),
                    {"id": f"0197000000007000800000000000000{nr}", "digest": bytes([nr]), "role": role, "party": party},
                )
        database.migrate()
        with database.reading() as transaction:
            for token in parties.all_tokens(transaction):
                # Who may administer is told by hand: no upgrade gives that.
                assert (token.rights, token.domains) == (RIGHTS[token.role] - {Right.ADMINISTER}, DOMAINS)
                assert (token.party, token.expires_at, token.replaces) == (TOKENS[token.role], None, None)
            known = {one.code: one.registered_at is not None for one in parties.all_parties(transaction)}
            assert known == {"65656055": True, "0340": True, "0384": False}
            assert all(one.domains == DOMAINS for one in parties.all_parties(transaction))
