#!/usr/bin/env python3
# A schedule that fires every second, over the death of the scheduler: each second has exactly one
# outcome and one run, nothing twice and nothing left out; with the default catch-up the seconds of
# the downtime but the last are one stretch. By night for a minute.
import os
import sys
from collections import Counter

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import cases
from weir_processes import Place, wait_until

SECOND = 1_000_000  # times in the tables are in microseconds
TICKS = 30 if os.environ.get("WEIR_NIGHTLY") else 5  # before the kill, and after it


def ticks_of(place, schedule):
    return place.sql("SELECT nominal, coalesce(until, nominal), outcome, run_id FROM ticks "
                     "WHERE schedule=? ORDER BY nominal", schedule)


def audit_each_second(ticks):
    """Stretches and single times follow each other second by second."""
    for (_, last, *_), (first, *_) in zip(ticks, ticks[1:]):
        assert first == last + SECOND, f"a second is left out or twice: {last} then {first}"


def audit_runs(place, schedule, ticks):
    runs = place.sql("SELECT run_id, nominal_at, state FROM runs WHERE origin='schedule' "
                     "AND origin_reference=?", schedule)
    requested = {nominal: run for nominal, _, outcome, run in ticks if outcome == "requested"}
    assert len(runs) == len(requested), (len(runs), len(requested))
    for run, nominal, state in runs:
        assert requested[nominal] == run, f"{run} is not the run of {nominal}"
        assert state == "succeeded", (run, state)


def requested(place, schedule):
    return Counter(outcome for *_, outcome, _ in ticks_of(place, schedule))["requested"]


def test_each_second_has_one_run_over_a_kill(arguments):
    with Place(arguments.bin) as place:
        up = place.start_up()
        place.ok("register", place.module("e2e_recurring"))
        place.ok("schedules", "create", "latest", "--job", "say", "--cron", "* * * * * *",
                 "--overlap", "queue_all")
        schedules = ("recurring/each_second", "recurring/latest")
        # So that it skips a second at least, and the times begin with those of the pause.
        wait_until("a second of the pause to pass", lambda: requested(place, schedules[1]) >= 2)
        place.ok("schedules", "resume", "each_second")
        wait_until("some seconds to pass", lambda: requested(place, schedules[0]) >= TICKS)
        up.kill()
        killed_at = max(last for _, last, *_ in ticks_of(place, schedules[0]))
        # Down for three seconds of the wall clock, by which the schedule goes.
        clock = lambda: int(place.sql("SELECT unixepoch()")[0][0]) * SECOND
        wait_until("a downtime to pass", lambda: clock() > killed_at + 4 * SECOND)
        place.start_up()
        before = requested(place, schedules[1])
        wait_until("some more seconds to pass",
                   lambda: requested(place, schedules[1]) >= before + TICKS)
        place.ok("schedules", "pause", "--all", "--yes")
        wait_until("all runs to end", lambda: place.sql(
            "SELECT count(*) FROM runs WHERE finished_at IS NULL")[0][0] == 0)
        for schedule in schedules:
            ticks = ticks_of(place, schedule)
            audit_each_second(ticks)
            audit_runs(place, schedule, ticks)
        paused, *outcomes = [outcome for *_, outcome, _ in ticks_of(place, schedules[0])]
        assert paused == "skipped", "the pause that it is declared with"
        # It makes up for all of them; a second that had come when the pause did is skipped.
        assert set(outcomes[:-1]) == {"requested"}, outcomes
        assert outcomes[-1] in ("requested", "skipped"), outcomes
        missed = [tick for tick in ticks_of(place, schedules[1]) if tick[2] == "missed"]
        assert len(missed) == 1 and missed[0][0] > killed_at - 2 * SECOND, missed
        value = place.ok("assets", "get", "said").out
        newest = max(ticks_of(place, schedules[0])[-1][0], ticks_of(place, schedules[1])[-1][0])
        made_for = place.sql("SELECT nominal_at FROM runs WHERE run_id=(SELECT run_id FROM "
                             "materializations ORDER BY id DESC LIMIT 1)")[0][0]
        assert newest - 2 * SECOND <= made_for <= newest, (made_for, newest)
        text = place.sql("SELECT strftime('%Y-%m-%dT%H:%M:%SZ', ?/1000000, 'unixepoch')",
                         made_for)[0][0]
        assert text in value, (text, value)


def days_off(place, schedule):
    shown = place.ok("schedules", "show", schedule, "-o", "json").json()
    definition = shown["definition"]
    return [(off["calendar"], off["day"]) for off in definition.get("daysOff", [])]


def test_members_of_parameters_take_the_time(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        place.ok("register", place.module("e2e_recurring"))
        place.ok("schedules", "pause", "--all", "--yes")
        # The day is that of the zone's clock, which is ahead of UTC.
        place.ok("schedules", "create", "cut_too", "--job", "cut", "--cron", "0 0 1 1 *",
                 "--paused", "-p", "window.rows=5", "--time-param", "window.until",
                 "--time-param", "window.day", "--tz", "Asia/Tokyo")
        place.ok("schedules", "trigger", "cut_too", "--at", "2025-01-01 00:00",
                 "--tz", "Asia/Tokyo")
        wait_until("the run to end", lambda: place.sql(
            "SELECT count(*) FROM runs WHERE job='recurring/cut' AND state='succeeded'")[0][0] == 1)
        said = place.ok("assets", "get", "part").out
        assert "1 until 2024-12-31T15:00:00Z rows 5" in said, said
        [(params,)] = place.sql("SELECT params FROM runs WHERE job='recurring/cut'")
        assert '"day":"2025-01-01"' in params and "2024-12-31T15:00:00Z" in params, params

        wrong = place.run("schedules", "edit", "cut_too", "--time-param", "window.rows")
        assert wrong.code == 2 and "rows cannot take the time" in wrong.err, wrong
        # A value that is given takes the marker away, and `none` all of them.
        place.ok("schedules", "edit", "cut_too", "-p", "window.until=noon")
        shown = place.ok("schedules", "show", "cut_too").out
        assert "window.day takes the time" in shown and "window.until takes" not in shown, shown
        place.ok("schedules", "edit", "cut_too", "--time-param", "none")
        assert "takes the time" not in place.ok("schedules", "show", "cut_too").out


def test_calendars_are_named_or_read(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        place.ok("register", place.module("e2e_recurring"))
        place.ok("schedules", "pause", "--all", "--yes")
        place.ok("schedules", "create", "free", "--job", "say", "--cron", "@daily", "--paused",
                 "--except", "2026-05-01", "--except-calendar", "holidays")
        own = [("except", "2026-05-01")]
        holidays = [("holidays", "2026-01-01"), ("holidays", "2026-12-25")]
        assert days_off(place, "free") == own + holidays, days_off(place, "free")
        file = os.path.join(place.root, "bank.ics")
        with open(file, "w", encoding="utf-8") as out:
            out.write("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:20270802\n"
                      "END:VEVENT\nEND:VCALENDAR\n")
        place.ok("schedules", "edit", "free", "--except-calendar", file)
        assert days_off(place, "free") == own + [("bank", "2027-08-02")]
        plan = place.ok("schedules", "edit", "free", "--cron", "0 9 2 8 *", "--plan").out
        assert "bank" in plan, plan
        unknown = place.run("schedules", "edit", "free", "--except-calendar", "holydays")
        assert unknown.code != 0 and "Did you mean 'holidays'?" in unknown.err, unknown
        place.ok("schedules", "edit", "free", "--except-calendar", "none")
        assert days_off(place, "free") == own


def test_what_is_to_come_tells_a_busy_schedule_in_one_line(arguments):
    with Place(arguments.bin) as place:
        place.start_up()
        place.ok("register", place.module("e2e_recurring"))
        place.ok("schedules", "pause", "--all", "--yes")
        place.ok("schedules", "create", "busy", "--job", "say", "--cron", "@every 10m")
        place.ok("schedules", "create", "calm", "--job", "say", "--cron", "@every 12h")
        lines = place.ok("next", "--for", "24h").out.splitlines()
        busy = [line for line in lines if "busy" in line]
        assert len(busy) == 1 and "every 10 min, 144 times until" in busy[0], lines
        assert len([line for line in lines if "calm" in line]) == 2, lines
        each = place.ok("next", "--for", "24h", "--each").out.splitlines()
        assert len([line for line in each if "busy" in line]) == 144, len(each)


if __name__ == "__main__":
    cases.main(sys.modules[__name__])
