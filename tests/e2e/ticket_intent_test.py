#!/usr/bin/env python3
# The daily refresh of examples/ticket_intent through `weir up`, on SQLite and on PostgreSQL: each
# run takes what is new in the table and nothing twice, also when worker and scheduler are killed in
# the middle. Audited by SQL against the table itself.
import datetime
import glob
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zoneinfo

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import cases
from weir_processes import Place, free_port, wait_until

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def program(arguments, name):
    path = os.path.join(os.path.abspath(arguments.examples), "ticket_intent", name)
    assert os.path.exists(path), f"{path} is missing; ./dev builds it"
    return path


def generate(arguments, dsn, days=1):
    done = subprocess.run([program(arguments, "generate_tickets"), "--db", dsn, "--ago", "10",
                           "--days", str(days)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done
    assert done.stdout.count(" tickets, ") == days, done


def microseconds(text):
    whole, _, fraction = text.removesuffix("Z").partition(".")
    moment = datetime.datetime.fromisoformat(whole + "+00:00")
    return int((moment - EPOCH).total_seconds()) * 1_000_000 + int(fraction.ljust(6, "0"))


def nights():
    """When it is next 02:00 in Berlin, in UTC; two times where the clock is set before that."""
    berlin, now = zoneinfo.ZoneInfo("Europe/Berlin"), datetime.datetime.now(datetime.timezone.utc)
    today = datetime.datetime.combine(now.astimezone(berlin).date(), datetime.time(2), berlin)
    found = set()
    for fold in (0, 1):
        times = [(today + datetime.timedelta(days=d)).replace(fold=fold).astimezone(now.tzinfo)
                 for d in (0, 1)]
        found.add(min(t for t in times if t > now).strftime("%Y-%m-%dT%H:%M:%SZ"))
    return found


def latest(place, asset):
    """Metadata of its newest version, by name."""
    row = place.sql("SELECT metadata FROM materializations WHERE asset = ?"
                    " ORDER BY id DESC LIMIT 1", asset)[0][0]
    return {name: entry["value"] for name, entry in json.loads(row)[asset].items()}


def audit(place, rows):
    """What Weir holds is the table, each ticket once in its newest state, and every one of them is
    in the training set or counted as left out. `rows`: id, microseconds, intent."""
    archive = place.ok("assets", "get", "tickets", "-o", "json").json()["tickets"]
    held = [(t["id"], microseconds(t["updated_at"]), t["intent"]) for t in archive]
    assert held == sorted(rows), f"{len(held)} held, {len(rows)} in the table"
    cleaned, labelled = latest(place, "cleaned_tickets"), latest(place, "examples")
    dropped = cleaned["empty"] + cleaned["duplicates"] + cleaned["suspect"]
    assert cleaned["tickets"] + dropped == len(rows), cleaned
    assert labelled["examples"] + labelled["unlabelled"] == cleaned["tickets"], labelled
    out = os.path.join(place.root, "training_set")
    shutil.rmtree(out, ignore_errors=True)
    place.ok("assets", "get", "training_set", "--out", out)
    ids, texts = [], []
    for side in ("train", "validation"):
        with open(os.path.join(out, side + ".jsonl"), encoding="utf-8") as file:
            for line in file:
                ids.append(json.loads(line)["id"])
                texts.append(json.loads(line)["text"].lower())
    assert len(ids) == labelled["examples"] == len(set(ids)) == len(set(texts)), len(ids)
    assert set(ids) <= {row[0] for row in rows}


class Sqlite:
    """A service desk in a file."""

    def __init__(self, place):
        self.path = os.path.join(place.root, "tickets.db")
        self.dsn = "sqlite:" + self.path

    def rows(self):
        database = sqlite3.connect(self.path)
        try:
            return database.execute("SELECT id, updated_at, intent FROM tickets").fetchall()
        finally:
            database.close()


class Postgres:
    """A service desk on a server of its own: loopback, a temporary folder, an ordinary user."""

    PASSWORD = "r1ver-bed"

    def __init__(self, place):
        found = shutil.which("pg_ctl") or max(glob.glob("/usr/lib/postgresql/*/bin/pg_ctl"),
                                              default=None)
        if found is None:
            raise cases.Skip("no PostgreSQL server here: apt-get install postgresql")
        self.programs = os.path.dirname(os.path.realpath(found))
        self.user = "nobody" if os.geteuid() == 0 else None  # a server refuses to run as root
        self.folder = place.folder("postgres")
        self.port = free_port()
        self.dsn = f"host=127.0.0.1 port={self.port} dbname=postgres user=desk " \
                   f"password={self.PASSWORD}"
        if self.user:
            shutil.chown(self.folder, self.user)
        password = os.path.join(place.root, "password")
        with open(password, "w", encoding="ascii") as file:
            file.write(self.PASSWORD)
        self.call("initdb", "-D", self.folder + "/data", "-U", "desk", "-A", "scram-sha-256",
                  "--pwfile", password, "-E", "UTF8", "--locale", "C", "--no-sync")
        self.call("pg_ctl", "-D", self.folder + "/data", "-w", "-l", self.folder + "/log", "-o",
                  f"-F -p {self.port} -c listen_addresses=127.0.0.1 -k {self.folder}", "start")

    def call(self, name, *arguments):
        done = subprocess.run([os.path.join(self.programs, name), *arguments], user=self.user,
                              cwd=self.folder, stdin=subprocess.DEVNULL, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={"PATH": os.environ["PATH"], "PGPASSWORD": self.PASSWORD})
        assert done.returncode == 0, done
        return done.stdout

    def sql(self, query):
        out = self.call("psql", "-h", "127.0.0.1", "-p", str(self.port), "-U", "desk", "-d",
                        "postgres", "-At", "-F", "\t", "-c", query)
        return [line.split("\t") for line in out.splitlines()]

    def rows(self):
        rows = self.sql("SELECT id, (extract(epoch FROM updated_at) * 1000000)::bigint, intent"
                        " FROM tickets")
        return [(int(i), int(at), intent or None) for i, at, intent in rows]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.call("pg_ctl", "-D", self.folder + "/data", "-m", "immediate", "-w", "stop")


def two_days(arguments, place, desk, between=lambda: None):
    """Runs after the first day and after the second; the second takes what is new."""
    generate(arguments, desk.dsn)
    place.environment["WEIR_SECRET_TICKETS_DSN"] = desk.dsn
    place.start_up()
    del place.environment["WEIR_SECRET_TICKETS_DSN"]
    place.ok("register", program(arguments, "ticket_intent"))
    place.ok("run", "ticket_intent/refresh")
    first = desk.rows()
    audit(place, first)
    assert latest(place, "tickets")["new_tickets"] == len(first), latest(place, "tickets")
    generate(arguments, desk.dsn)
    between()
    place.ok("run", "ticket_intent/refresh")
    rows = desk.rows()
    audit(place, rows)
    mark = max(row[1] for row in first)
    before = {row[0]: row[1] for row in first}
    new = [row for row in rows if row[0] not in before]
    changed = [row for row in rows if before.get(row[0], row[1]) != row[1]]
    assert min(row[1] for row in new) < mark, "none came late: the day shows less than it should"
    assert new and changed
    read = latest(place, "tickets")
    assert read["new_tickets"] == len(new), (read, len(new))
    assert read["changed_tickets"] == len(changed), (read, len(changed))
    lookback = 120 * 60 * 1_000_000
    assert read["rows_read"] == len([row for row in rows if row[1] >= mark - lookback]), read
    states = place.sql("SELECT DISTINCT state FROM runs")
    assert states == [("succeeded",)], states


def test_second_run_takes_only_what_is_new(arguments):
    with Place(arguments.bin) as place:
        desk = Sqlite(place)
        two_days(arguments, place, desk)
        shown = place.ok("freshness", "show", "training_set", "-o", "json").json()
        assert shown["state"] == "FRESHNESS_STATE_PASS", shown
        before = nights()
        coming = place.ok("next", "--for", "3d", "-n", "1", "-o", "json").json()["upcoming"][0]
        assert coming["schedule"] == "ticket_intent/refresh", coming
        assert coming["nominalAt"] in before | nights(), coming
        forecast = place.ok("simulate", "--for", "7d").out.splitlines()
        runs = [line for line in forecast if " run " in line]
        assert 6 <= len(runs) <= 8 and all("succeeded" in line for line in runs), forecast
        failed = place.sql("SELECT asset, name FROM checks WHERE NOT passed")
        assert failed == [], failed


def test_postgres_is_read_by_its_secret_and_again_after_it_hung_up(arguments):
    with Place(arguments.bin) as place:
        with Postgres(place) as desk:
            two_days(arguments, place, desk, lambda: desk.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'ticket_intent'"))
            password = subprocess.run(["grep", "-rl", desk.PASSWORD, place.data], check=False,
                                      capture_output=True, text=True).stdout
            assert password == "", f"the secret was written down: {password}"


def test_killed_in_the_middle_loses_no_ticket_and_doubles_none(arguments):
    with Place(arguments.bin) as place:
        desk = Sqlite(place)
        generate(arguments, desk.dsn)
        secret = {"WEIR_SECRET_TICKETS_DSN": desk.dsn}
        scheduler = place.start_scheduler()
        worker = place.start_worker("night", env=secret)
        place.wait_workers(1, scheduler)
        place.ok("register", program(arguments, "ticket_intent"))

        # While it reads: the lock of a writer keeps it there.
        lock = sqlite3.connect(desk.path, isolation_level=None)
        lock.execute("BEGIN EXCLUSIVE")
        run = place.start_run("ticket_intent/refresh")
        wait_until("the table is read", lambda: place.sql(
            "SELECT 1 FROM tasks WHERE run_id = ? AND name = 'tickets' AND state = 'running'", run))
        worker.kill()
        lock.close()
        worker = place.start_worker("night", env=secret)
        assert place.wait_run(run) == "succeeded"
        ends = place.sql("SELECT outcome FROM attempts WHERE run_id = ? AND task = 0", run)
        assert len(ends) == 2 and ends[1] == ("succeeded",), ends
        audit(place, desk.rows())

        # After the tickets were committed with their cursor, before all is done.
        for days in (1, 2):
            generate(arguments, desk.dsn, days)
            run = place.start_run("ticket_intent/refresh")
            wait_until("the tickets are committed", lambda: place.sql(
                "SELECT 1 FROM materializations WHERE run_id = ? AND asset = 'tickets'", run),
                every=0.002)
            scheduler.kill()
            worker.kill()
            scheduler = place.start_scheduler()
            worker = place.start_worker("night", env=secret)
            assert place.wait_run(run) == "succeeded"
            audit(place, desk.rows())
        versions = place.sql("SELECT count(*) FROM materializations WHERE asset = 'tickets'")
        assert versions == [(3,)], versions


if __name__ == "__main__":
    cases.main(sys.modules[__name__])
