#!/usr/bin/env python3
# Our cron against Debian's python3-croniter, npm's cron-parser and what each expression means
# (cron_cases.py): the same instants are put to all, one next time each. Where another library reads
# an expression in its own way, that reading is written here in our words, and its answers must be
# ours to those words; where it refuses, the reason is one of those listed. What is left differs
# within a day of a change of the clock, or is a failure. docs/cron.md tells users of it.
#
# cron_peers_test.py BIN_FOLDER COUNT [SEED]; ends in `N passed, M failed[, K skipped]`.
import collections
import datetime
import pathlib
import random
import subprocess
import sys
import zoneinfo

from cron_cases import FIELDS, Case

HERE = pathlib.Path(__file__).parent
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana",
         "Asia/Kolkata", "Europe/Dublin", "America/St_Johns", "Pacific/Apia", "Asia/Tokyo")
BEGIN, END = 946684800, 2082758400  # of 2000 and 2036
TIMES = 6  # of each expression
DAY = 86400


# ---- what each library makes of an expression ---------------------------------------------------


def stepped_days(field):
    """`*/n` of a field for days, as a restriction like any other."""
    if field.name == "day":
        return f"1-31/{field.star_step}"
    return ",".join(str(day) for day in range(0, 8, field.star_step))


def listed(field):
    return ",".join(str(value) for value in sorted(field.values))


def open_weekdays(field):
    """`a/n` in a week that ends at the Sunday after it."""
    values = set(field.values)
    for begin, step in field.opened:
        values.update(day % 7 for day in range(begin, 8, step))
    return ",".join([str(day) for day in sorted(values)] +
                    [f"L{day}" for day in sorted(field.last_weekdays)] +
                    [f"{day}#{nth}" for day, nth in sorted(field.nth)])


class Croniter:
    name = "croniter"
    command = ("/usr/bin/python3", str(HERE / "croniter_times.py"))

    def text(self, case):
        words = case.text.split()
        return " ".join(words[1:] + words[:1]) if case.six else case.text  # seconds come last

    def refuses(self, case):
        """Why it may, or nothing."""
        for form in ("?", "whole name", "wraps", "W", "LW", "L-", "5L"):
            if form in case.forms:
                return form
        week = case.fields["weekday"]
        named = {day for day, _ in week.nth} | week.last_weekdays
        if named and week.values - named and (case.six or len(week.values | named) < 7):
            return "# or L beside weekdays"
        return ""

    def restricts_days(self, case):
        day = case.fields["day"]
        return not day.any or day.star_step > 1

    def wrong(self, case, at, ours, theirs, changes):
        """The error of its own that it may show where its reading says `ours`, or nothing."""
        week, days = case.fields["weekday"], case.fields["day"]
        if theirs is None and not week.any and self.restricts_days(case):
            return "either would suffice, and one never comes: finds nothing"
        if any(at < change <= at + 60 for change in changes):
            return "asked in the minute before the clock is set"
        day = datetime.datetime.fromtimestamp(ours, zoneinfo.ZoneInfo(case.zone)).date()
        before = (day.replace(day=1) - datetime.timedelta(1)).day
        if day.day <= 3 and before < max(days.values, default=0):
            return "a day that a month lacks: passes over the next month's first days"
        return ""

    def reading(self, case):
        """Its reading of the fields that it reads differently, and why; None without words."""
        fields, why = {}, []
        week, days = case.fields["weekday"], case.fields["day"]
        named = {day for day, _ in week.nth} | week.last_weekdays
        sevens = "7" in week.text or "wraps to Sunday" in week.forms
        if case.six and (sevens or week.star_step or week.opened):
            return None, ["7 in six fields"]  # is no day at all there
        for field in (week, days):
            if field.star_step > 1:
                fields[field.name] = stepped_days(field)
                why.append("a step restricts")
        if not days.any and len(days.values) + bool(days.last) == 31:
            fields["day"] = "*"
            why.append("all named is *")
        if week.opened:
            fields["weekday"] = open_weekdays(week)
            why.append("a week ends at 7")
        if not week.any and len(set(fields.get("weekday", listed(week)).split(","))) == 7:
            fields["weekday"] = "*"
            why.append("all named is *")
        if named:
            fields["weekday"] = ",".join([f"L{day}" for day in sorted(week.last_weekdays)] +
                                         [f"{day}#{nth}" for day, nth in sorted(week.nth)])
            if self.restricts_days(case):
                if len(week.values | named) == 7:
                    return None, ["# or L beside all weekdays"]  # both must hold
                fields["day"] = "*"
            why.append("# or L only")
        return fields, why


class CronParser:
    name = "cron-parser"
    command = ("node", str(HERE / "cron_parser_times.cjs"))

    def text(self, case):
        return case.text

    def refuses(self, case):
        week = case.fields["weekday"]
        for form in ("whole name", "wraps", "wraps to Sunday", "W", "LW", "L-", "L5"):
            if form in case.forms:
                return form
        sundays = sum((7 - begin) % step == 0 for begin, step in week.opened) + (0 in week.values)
        if sundays > 1 or any(field.repeats for field in case.fields.values()):
            return "a value named twice"
        if week.nth and len(week.items) > 1:
            return "# beside others"
        if any(len(set(field.items)) < len(field.items) for field in case.fields.values()):
            return "a value named twice"
        return ""

    def wrong(self, case, at, ours, theirs, changes):
        """The error of its own that it may show where its reading says `ours`, or nothing."""
        if theirs is None and any(at < change <= ours for change in changes):
            return "the clock is set by less than an hour, or within one: finds nothing"
        return ""

    def reading(self, case):
        fields, why = {}, []
        for name in ("day", "weekday"):
            if case.fields[name].star_step:
                fields[name] = stepped_days(case.fields[name])
                why.append("a step restricts")
        if case.fields["weekday"].opened:
            fields["weekday"] = open_weekdays(case.fields["weekday"])
            why.append("a week ends at 7")
        return fields, why


# ---- asking --------------------------------------------------------------------------------------


def ask(command, lines):
    done = subprocess.run(command, input="".join(line + "\n" for line in lines), text=True,
                          stdout=subprocess.PIPE, check=True)
    answers = done.stdout.splitlines()
    assert len(answers) == len(lines), f"{command[0]} gave {len(answers)} of {len(lines)} answers"
    return answers


def numbers(answer):
    if answer.startswith("refused"):
        return None
    return [None if word == "none" else int(word) for word in answer.split()]


def clock_changes(zone):
    offset = lambda at: datetime.datetime.fromtimestamp(at, zone).utcoffset()
    changes = []
    for day in range(BEGIN, END + 400 * DAY, DAY):
        low, high = day, day + DAY
        if offset(low) == offset(high):
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if offset(middle) == offset(low) else (low, middle)
        changes.append(high)
    return changes


# ---- comparing -----------------------------------------------------------------------------------


class Comparison:
    def __init__(self, bin_folder, count, seed):
        self.ours = (str(pathlib.Path(bin_folder) / "cron_times"),)
        self.random = random.Random(seed)
        self.changes = {name: clock_changes(zoneinfo.ZoneInfo(name)) for name in ZONES}
        self.cases = self.make_cases(count)
        self.failures = []

    def make_cases(self, count):
        cases, lines = [], []
        for _ in range(count):
            case = Case(self.random, self.random.choice(ZONES))
            case.begin = self.random.randint(BEGIN, END)
            changes = [change for change in self.changes[case.zone] if change < END]
            if changes and self.random.random() < 0.5:
                case.begin = self.random.choice(changes) - self.random.randint(0, 3 * DAY)
            cases.append(case)
            lines.append(f"{case.zone}\t{case.text}\t{case.begin}\t{TIMES}")
        kept = []
        for case, answer in zip(cases, ask(self.ours, lines)):
            case.times = numbers(answer)
            if case.times is not None:
                case.times = [time for time in case.times if time < END]
                case.instants = ([case.begin] + case.times)[:len(case.times)]
                kept += [case] if case.times else []
            elif "can never fire" not in answer:
                self.fail(case, f"we say {answer}")
        return kept

    def fail(self, case, what):
        self.failures.append(f"{case.zone} '{case.text}': {what}")

    def near_change(self, zone, *times):
        return any(abs(change - time) <= DAY for change in self.changes[zone] for time in times)

    def with_meaning(self):
        """Where no clock is set: what the expression says, day by day."""
        compared = 0
        for case in self.cases:
            zone = zoneinfo.ZoneInfo(case.zone)
            for at, ours in zip(case.instants, case.times):
                if any(at - DAY < change < ours + DAY for change in self.changes[case.zone]):
                    continue
                compared += 1
                shown = datetime.datetime.fromtimestamp(at, zone).replace(tzinfo=None)
                meant = case.next_after(shown)
                said = datetime.datetime.fromtimestamp(ours, zone).replace(tzinfo=None)
                if meant != said:
                    self.fail(case, f"after {shown} it means {meant}, we say {said}")
        print(f"the meaning: {compared} instants compared")

    def with_peer(self, peer):
        answers = ask(peer.command, [f"{case.zone}\t{peer.text(case)}\t" +
                                     " ".join(map(str, case.instants)) for case in self.cases])
        readings = [peer.reading(case) for case in self.cases]
        read = self.ours_as_read(readings)
        tally, compared, equal = collections.Counter(), 0, 0
        for case, answer, (fields, why), as_read in zip(self.cases, answers, readings, read):
            theirs = numbers(answer)
            if theirs is None:
                reason = peer.refuses(case)
                tally["refused: " + reason] += 1
                if not reason:
                    self.fail(case, f"{peer.name} {answer}")
                continue
            if fields is None:
                tally["not compared: " + why[0]] += len(theirs)
                continue
            for at, ours, words, other in zip(case.instants, case.times, as_read, theirs):
                compared += 1
                if other == words:
                    equal += ours == other
                    tally["read otherwise: " + ", ".join(why)] += ours != other
                elif other is not None and self.near_change(case.zone, words, other):
                    tally["the clock is set"] += 1
                elif error := peer.wrong(case, at, words, other, self.changes[case.zone]):
                    tally["wrong: " + error] += 1
                else:
                    self.fail(case, f"after {shown_at(at, zoneinfo.ZoneInfo(case.zone))}: " +
                              f"we say {words}, {peer.name} {other}")
        print(f"{peer.name}: {compared} instants compared, {equal} equal")
        for what, times in sorted(tally.items()):
            if times:
                print(f"{times:8} {what}")
        return equal

    def ours_as_read(self, readings):
        """What we answer to the expressions in the words of a peer's reading."""
        lines = []
        for case, (fields, _) in zip(self.cases, readings):
            text = " ".join((fields or {}).get(name, case.fields[name].text)
                            for name in FIELDS if name in case.fields)
            lines += [f"{case.zone}\t{text}\t{at}\t1" for at in case.instants]
        answers = iter(ask(self.ours, lines))
        return [[int(next(answers)) for _ in case.instants] for case in self.cases]


def shown_at(instant, zone):
    return datetime.datetime.fromtimestamp(instant, zone).isoformat()


def missing(peer):
    """Why a library cannot be asked, or nothing."""
    try:
        done = subprocess.run(peer.command, input="UTC\t0 0 * * *\t0\n", text=True,
                              capture_output=True)
    except OSError as error:
        return str(error)
    if done.stdout == "86400\n":
        return ""
    lines = (done.stderr or done.stdout or "no answer").strip().splitlines()
    return next((line for line in lines if "Error" in line), lines[-1])


def main():
    count = int(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 20261128
    comparison = Comparison(sys.argv[1], count, seed)
    passed = failed = skipped = 0

    def judge(name):
        nonlocal passed, failed
        for failure in comparison.failures[:20]:
            print(f"FAILED {name}: {failure}")
        passed, failed = passed + (not comparison.failures), failed + bool(comparison.failures)
        comparison.failures = []

    comparison.with_meaning()
    judge("the meaning")
    for peer in (Croniter(), CronParser()):
        why = missing(peer)
        if why:
            skipped += 1
            print(f"SKIPPED {peer.name}: it is not here, ./dev installs it: {why}")
            continue
        equal = comparison.with_peer(peer)
        if equal < count:
            comparison.failures.append(f"only {equal} instants agree")
        judge(peer.name)
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
