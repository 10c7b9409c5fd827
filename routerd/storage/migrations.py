"""The tables, and how an older file becomes the newest; `user_version` counts the steps taken.

A step is never edited once released: add the next one. It runs inside the caller's transaction.
"""

from collections.abc import Callable

from routerd.storage.database import Connection

APPLICATION_ID = 0x72747264  # "rtrd", in the file's header


class ForeignSchema(Exception):
    """The file is sound but not one that this routerd can read."""


def m001_decisions_and_outcomes(connection: Connection) -> None:
    """What was chosen and what came of it. Reals may be NULL: SQLite stores NaN so."""
    connection.execute("""
        create table decisions (
            id text primary key not null,
            at_unix_s real not null,
            session text not null,
            client text not null,
            workspace text not null,
            dialect text not null,
            digest text not null,
            requested_model text not null,
            profile text not null,
            task text not null,
            task_confidence real,
            complexity real,
            language text not null,
            input_tokens integer not null,
            chosen text not null,
            decide_ms real,
            decision_json text not null
        ) strict;
        create table outcomes (
            decision_id text primary key not null references decisions(id) on delete cascade,
            at_unix_s real not null,
            finish text not null,
            model text not null,
            success real,
            ttft_s real,
            duration_s real,
            input_tokens integer not null,
            output_tokens integer not null,
            cached_tokens integer not null,
            cost_usd real,
            baseline_cost_usd real,
            attempts_json text not null,
            error text not null
        ) strict;
    """)


def m002_memories(connection: Connection) -> None:
    """Past tasks by their embedding; `memory_vectors.id` is `memories.id`, counted from 1.

    chunk_size 8, not the default 1024: one vector is read out of a chunk's blob by walking its
    overflow pages, and 128 such reads take 0.8 ms with 8 and 22 ms with 1024 (no memory map).
    """
    connection.execute("""
        create table memories (
            id integer primary key,
            decision_id text not null unique,
            at_unix_s real not null,
            useful_at_unix_s real not null,
            model text not null,
            success real not null,
            workspace text not null,
            language text not null,
            task text not null,
            embedder text not null
        ) strict;
        create index memories_by_use on memories (useful_at_unix_s);
        create virtual table memory_vectors using vec0 (
            id integer primary key,
            embedding float[384] distance_metric=cosine,
            chunk_size=8
        );
    """)


def m003_totals(connection: Connection) -> None:
    """Sums over all outcomes ever; they outlive the rows, which are kept for a while only."""
    connection.execute("""
        create table totals (
            id integer primary key check (id = 1),
            requests integer not null default 0,
            failures integer not null default 0,
            input_tokens integer not null default 0,
            output_tokens integer not null default 0,
            cost_usd real not null default 0,
            baseline_cost_usd real not null default 0
        ) strict;
        insert into totals (id) values (1);
    """)


def m004_learning(connection: Connection) -> None:
    """Evidence that came after an answer, and the performance matrix (keys and cells as JSON)."""
    connection.execute("""
        create table evidence (
            decision_id text not null,
            at_unix_s real not null,
            kind text not null,
            value real not null
        ) strict;
        create index evidence_by_decision on evidence (decision_id);
        create table matrix (
            key_json text primary key not null,
            cell_json text not null
        ) strict;
    """)


def m005_spending(connection: Connection) -> None:
    """Money by day, workspace and client, for budgets; it outlives the outcomes."""
    connection.execute("""
        create table spending (
            day text not null,
            workspace text not null,
            client text not null,
            usd real not null,
            primary key (day, workspace, client)
        ) strict, without rowid;
    """)


def m006_statistics(connection: Connection) -> None:
    """Who answered where and why, for lists; sums by day; how often each rule applied.

    `daily` outlives the outcomes, as `totals` does. `saved_usd` is kept apart because it counts
    only answers whose baseline has a known price. Days of what is already there are local.
    """
    connection.execute("""
        alter table decisions add column reason text not null default '';
        alter table outcomes add column zone text not null default '';
        update outcomes set zone = coalesce((
            select json_extract(c.value, '$.candidate.zone')
            from decisions as d, json_each(d.decision_json, '$.ranked') as c
            where d.id = outcomes.decision_id and outcomes.model =
                json_extract(c.value, '$.candidate.provider') || '/' ||
                json_extract(c.value, '$.candidate.model')
        ), '');
        create table daily (
            day text not null,
            task text not null,
            model text not null,
            zone text not null,
            requests integer not null,
            failures integer not null,
            compared integer not null,
            input_tokens integer not null,
            output_tokens integer not null,
            cost_usd real not null,
            baseline_cost_usd real not null,
            saved_usd real not null,
            primary key (day, task, model, zone)
        ) strict, without rowid;
        insert into daily
            select date(o.at_unix_s, 'unixepoch', 'localtime'), d.task, o.model, o.zone,
                count(*), sum(o.finish = 'failed'), sum(o.baseline_cost_usd > 0),
                sum(max(o.input_tokens, 0)), sum(max(o.output_tokens, 0)),
                sum(coalesce(o.cost_usd, 0.0)), sum(coalesce(o.baseline_cost_usd, 0.0)),
                sum(iif(o.baseline_cost_usd > 0, o.baseline_cost_usd - coalesce(o.cost_usd, 0), 0.0))
            from outcomes as o join decisions as d on d.id = o.decision_id
            group by 1, 2, 3, 4;
        create table rule_hits (
            rule text primary key not null,
            hits integer not null,
            last_unix_s real not null
        ) strict, without rowid;
    """)


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (
    m001_decisions_and_outcomes,
    m002_memories,
    m003_totals,
    m004_learning,
    m005_spending,
    m006_statistics,
)


def migrate(connection: Connection) -> None:
    """Bring the file to the newest schema, all steps or none.

    Raises: ForeignSchema for a newer routerd's file or another program's; SqliteError.
    """
    version = _version(connection)
    if version == len(MIGRATIONS):
        return
    with connection:
        for step in MIGRATIONS[version:]:
            step(connection)
        connection.pragma("application_id", APPLICATION_ID)
        connection.pragma("user_version", len(MIGRATIONS))


def _version(connection: Connection) -> int:
    version = int(connection.pragma("user_version"))
    application = int(connection.pragma("application_id"))
    tables = int(connection.execute("select count(*) from sqlite_schema").get)
    ours = application == APPLICATION_ID if tables else application in (0, APPLICATION_ID)
    if not ours or version < 0:
        raise ForeignSchema("was written by another program")
    if version > len(MIGRATIONS):
        raise ForeignSchema(
            f"was written by a newer routerd (schema {version}, this one knows {len(MIGRATIONS)})"
        )
    return version
