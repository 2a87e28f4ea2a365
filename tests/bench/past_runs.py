# A million past runs in a moment: rows of a run that was really made, copied by SQL under ids and
# numbers of their own, so that the database is what as many runs would have left. Used by bench.py
# between a stop and a start of the scheduler; it audits what it made through the scheduler, too.
import sqlite3

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


def run_text(value):
    return "".join(CROCKFORD[value >> shift & 31] for shift in range(60, -5, -5))


def run_value(text):
    value = 0
    for character in text:
        value = value << 5 | CROCKFORD.index(character)
    return value


def add_past_runs(place, run, count):
    """Copies of a run that was really made, under ids, numbers and sequences of their own, older
    than it: the same rows that as many runs would have left."""
    database = sqlite3.connect(place.database(), isolation_level=None)
    first = run_value(run) - count * 2**20  # a millisecond apart
    database.create_function("past", 1, lambda index: run_text(first + index * 2**20),
                             deterministic=True)
    database.executescript("PRAGMA synchronous=OFF; PRAGMA cache_size=-400000;"
                           "PRAGMA wal_autocheckpoint=20000; BEGIN;")
    for table, number in (("runs", None), ("run_counts", None), ("tasks", None), ("attempts", None),
                          ("materializations", "id"), ("events", "seq")):
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        rows = database.execute(f"SELECT COUNT(*) FROM {table} WHERE run_id=?", (run,)).fetchone()
        assert rows[0] >= 1, table
        taken = {"run_id": "past(n.i)"}
        if number:
            taken[number] = (f"(SELECT MAX({number}) FROM {table}) + n.i * {rows[0]}"
                             f" + ROW_NUMBER() OVER (PARTITION BY n.i ORDER BY t.{number})")
        values = ", ".join(taken.get(name, f"t.{name}") for name in columns)
        database.execute(
            f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {count - 1})"
            f" INSERT INTO {table} SELECT {values} FROM n, {table} t WHERE t.run_id = ?"
            f" ORDER BY n.i", (run,))
    database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    database.close()


def audit_past_runs(place, run, count):
    """That they are there in full and the schema's, and that the scheduler knows them."""
    for table, per_run in (("runs", 1), ("tasks", 1), ("attempts", 1), ("materializations", 1)):
        rows = place.sql(f"SELECT COUNT(*) FROM {table}")[0][0]
        assert rows >= count * per_run, (table, rows)
    events, last = place.sql("SELECT COUNT(*), MAX(seq) FROM events")[0]
    assert events == last > count, (events, last)
    assert place.sql("SELECT COUNT(DISTINCT run_id) FROM runs")[0][0] >= count + 1
    old = run_text(run_value(run) - count // 2 * 2**20)
    shown = place.connect("RunService/GetRun", {"run": old})["run"]
    assert shown["state"] == "RUN_STATE_SUCCEEDED", shown
