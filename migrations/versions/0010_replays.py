"""Replays by filter: previewed, run by any process, followed, paused and cancelled.

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_RUNS = sa.text("status = 'running'")
_WAITS = sa.text("outcome IS NULL")
_OPEN = sa.text("next_nr IS NOT NULL")


def upgrade() -> None:
    for column in (
        sa.Column("status", sa.String(length=9), nullable=False, server_default="finished"),
        sa.Column("filter", sa.JSON(), nullable=True, comment="what it was selected by; none: by ids"),
        sa.Column("total", sa.Integer(), nullable=False, server_default="0"),
        sa.Column(
            "more",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="the filter finds more than one replay holds",
        ),
        sa.Column("concurrency", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("selection", sa.JSON(), nullable=True, comment="how many per kind and status"),
        sa.Column("history", sa.JSON(), nullable=True, comment="who started, paused or cancelled it, when"),
    ):
        op.add_column("replays", column)
    op.create_index("ix_replays_running", "replays", ["id"], postgresql_where=_RUNS, sqlite_where=_RUNS)
    op.add_column(
        "replay_items",
        sa.Column(
            "lane",
            sa.String(length=21),
            nullable=False,
            server_default="-",
            comment="domain, municipality and provider: one after another",
        ),
    )
    op.create_index("ix_replay_items_outcome", "replay_items", ["replay", "outcome", "nr"])
    op.create_index(
        "ix_replay_items_waiting",
        "replay_items",
        ["replay", "lane", "nr"],
        postgresql_where=_WAITS,
        sqlite_where=_WAITS,
    )
    op.create_table(
        "replay_lanes",
        sa.Column("replay", sa.Uuid(as_uuid=False), nullable=False),
        sa.Column("lane", sa.String(length=21), nullable=False),
        sa.Column("next_nr", sa.Integer(), nullable=True, comment="none: all of it is done"),
        sa.Column(
            "lease_until", sa.DateTime(timezone=True), nullable=True, comment="until when a process has it in hand"
        ),
        sa.Column(
            "attempts",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="how often the next one was taken in hand",
        ),
        sa.Column(
            "judgements", sa.Integer(), nullable=True, comment="how many its message had when it was first taken"
        ),
        sa.ForeignKeyConstraint(["replay"], ["replays.id"], name=op.f("fk_replay_lanes_replay")),
        sa.PrimaryKeyConstraint("replay", "lane", name=op.f("pk_replay_lanes")),
    )
    op.create_index(
        "ix_replay_lanes_open", "replay_lanes", ["replay", "next_nr"], postgresql_where=_OPEN, sqlite_where=_OPEN
    )
    # A replay whose process died stood still, and there was no way to go on with it.
    unfinished = "replay IN (SELECT id FROM replays WHERE finished_at IS NULL)"
    op.execute(f"UPDATE replay_items SET outcome = 'cancelled' WHERE outcome IS NULL AND {unfinished}")  # noqa: S608
    op.execute("UPDATE replays SET status = 'cancelled' WHERE finished_at IS NULL")
    op.execute("UPDATE replays SET total = (SELECT count(*) FROM replay_items WHERE replay = replays.id)")
