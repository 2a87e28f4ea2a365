# Cron expressions for the comparison with other libraries, made from a seed together with what they
# mean: each field with the values that it names and the forms that it is written in. What is meant
# is computed here, apart from the parser under test.
import calendar
import datetime
import itertools

FIELDS = ("second", "minute", "hour", "day", "month", "weekday")
LOW = {"second": 0, "minute": 0, "hour": 0, "day": 1, "month": 1, "weekday": 0}
HIGH = {"second": 59, "minute": 59, "hour": 23, "day": 31, "month": 12, "weekday": 6}
MONTHS = ("", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


class Field:
    """One field: its text, its values, the days only a month decides, and the forms used."""

    def __init__(self, name):
        self.name, self.items, self.values = name, [], set()
        self.repeats = False  # an item names what another one named
        self.last, self.near, self.last_weekdays, self.nth = set(), set(), set(), set()
        self.last_workday = False
        self.opened = []  # (begin, step) of `begin/step`
        self.star_step = 0  # n of `*/n`
        self.forms = set()

    @property
    def text(self):
        return ",".join(self.items)

    @property
    def any(self):
        return self.text[0] in "*?"

    @property
    def special(self):
        """Whether days depend on the month: `L`, `W`, `#`."""
        return bool(self.last or self.near or self.last_weekdays or self.nth or self.last_workday)

    @property
    def all_named(self):
        return len(self.values) == HIGH[self.name] - LOW[self.name] + 1

    def add(self, text, values, form=None):
        values = list(values)
        self.repeats = self.repeats or bool(self.values & set(values))
        self.values.update(values)
        self.items.append(text)
        if form:
            self.forms.add(form)


def _add_plain(field, random):
    name, low, high = field.name, LOW[field.name], HIGH[field.name]
    value = lambda: random.randint(low, high)
    form = random.choices(("value", "range", "step", "open", "seven"), (6, 5, 2, 1, 1))[0]
    if form == "open":
        begin, step = value(), random.randint(1, high - low + 1)
        field.add(f"{begin}/{step}", range(begin, high + 1, step), "open")
        field.opened.append((begin, step))
    elif form in ("range", "step"):
        _add_range(field, value(), value(), form == "step", random)
    elif form == "seven" and name == "weekday":
        text = random.choice(("7", "6-7", "5-7"))
        field.add(text, {"7": [0], "6-7": [6, 0], "5-7": [5, 6, 0]}[text])
    else:
        at = value()
        field.add(_word(field, at, random), [at])


def _add_range(field, begin, end, stepped, random):
    low, high = LOW[field.name], HIGH[field.name]
    step = random.randint(1, max(1, (high - low) // 3)) if stepped else 1
    if begin > end and random.random() < 0.6:
        begin, end = end, begin
    values = [low + (begin - low + at) % (high - low + 1)
              for at in range(0, (end - begin) % (high - low + 1) + 1, step)]
    to_sunday = field.name == "weekday" and end == 0
    form = None if begin <= end else "wraps to Sunday" if to_sunday else "wraps"
    words = f"{_word(field, begin, random)}-{_word(field, end, random)}"
    field.add(words + (f"/{step}" if stepped else ""), values, form)


def _word(field, value, random):
    names = {"month": MONTHS, "weekday": DAYS}.get(field.name)
    if names is None or random.random() < 0.5:
        return str(value)
    if field.name == "weekday" and random.random() < 0.25:
        field.forms.add("whole name")
        return names[value].capitalize()
    short = names[value][:3]
    return random.choice((short, short.upper(), short.capitalize()))


def _add_day(field, random):
    form = random.choice(("L", "L-", "LW", "W"))
    if form == "L":
        field.last.add(0)
        field.items.append("L")
    elif form == "L-":
        before = random.randint(1, 9)
        field.last.add(before)
        field.items.append(f"L-{before}")
    elif form == "LW":
        field.last_workday = True
        field.items.append("LW")
    else:
        near = random.randint(1, 28)
        field.near.add(near)
        field.items.append(f"{near}W")
    field.forms.add(form)


def _add_weekday(field, random):
    weekday = random.randint(0, 6)
    form = random.choice(("5L", "L5", "#"))
    if form == "#":
        nth = random.randint(1, 5)
        field.nth.add((weekday, nth))
        field.items.append(f"{_word(field, weekday, random)}#{nth}")
    else:
        field.last_weekdays.add(weekday)
        field.items.append(f"{weekday}L" if form == "5L" else f"L{weekday}")
    field.forms.add(form)


def make_field(name, random, star):
    """`star`: how likely the field is unrestricted."""
    field = Field(name)
    low, high = LOW[name], HIGH[name]
    if random.random() < star:
        field.star_step = random.randint(1, (high - low + 1) // 2) if random.random() < 0.2 else 0
        mark = "?" if name in ("day", "weekday") and random.random() < 0.1 else "*"
        text = mark + (f"/{field.star_step}" if field.star_step else "")
        field.add(text, range(low, high + 1, field.star_step or 1), "?" if mark == "?" else None)
        return field
    for _ in range(random.choices((1, 2, 3), (7, 2, 1))[0]):
        special = random.random() < 0.25
        if name == "day" and special:
            _add_day(field, random)
        elif name == "weekday" and special:
            _add_weekday(field, random)
        else:
            _add_plain(field, random)
    return field


class Case:
    """An expression, a zone, and instants after each of which the next time is asked for."""

    def __init__(self, random, zone):
        self.zone = zone
        self.fields = {name: make_field(name, random, star) for name, star in
                       (("minute", 0.15), ("hour", 0.3), ("day", 0.6), ("month", 0.75),
                        ("weekday", 0.6))}
        if random.random() < 0.2:
            self.fields["second"] = make_field("second", random, 0.1)
        self.instants = []

    @property
    def six(self):
        return "second" in self.fields

    @property
    def text(self):
        return " ".join(self.fields[name].text for name in FIELDS if name in self.fields)

    @property
    def forms(self):
        return set().union(*(field.forms for field in self.fields.values()))

    def names_day(self, day):
        """Whether the two fields for days name this date."""
        of_month, of_week = self.fields["day"], self.fields["weekday"]
        if of_month.any or of_week.any:
            return _in_month(of_month, day) and _in_week(of_week, day)
        return _in_month(of_month, day) or _in_week(of_week, day)

    def next_after(self, shown):
        """The first time after `shown` that it names, on a clock that nobody sets."""
        seconds = sorted(self.fields["second"].values) if self.six else [0]
        day = shown.date()
        while True:
            if day.month in self.fields["month"].values and self.names_day(day):
                for hour, minute, second in itertools.product(
                        sorted(self.fields["hour"].values), sorted(self.fields["minute"].values),
                        seconds):
                    at = datetime.datetime(day.year, day.month, day.day, hour, minute, second)
                    if at > shown:
                        return at
            day += datetime.timedelta(1)


def weekday_of(day):
    return (day.weekday() + 1) % 7


def _in_month(field, day):
    length = calendar.monthrange(day.year, day.month)[1]
    if day.day in field.values or length - day.day in field.last:
        return True
    return (any(day.day == _nearest(day, near, length) for near in field.near if near <= length) or
            field.last_workday and day.day == _nearest(day, length, length))


def _nearest(day, wanted, length):
    """The day from Monday to Friday nearest to one of the month, within the month."""
    order = sorted(range(1, length + 1), key=lambda other: (abs(other - wanted), other))
    workday = lambda other: weekday_of(datetime.date(day.year, day.month, other)) in range(1, 6)
    return next(other for other in order if workday(other))


def _in_week(field, day):
    weekday = weekday_of(day)
    if weekday in field.values or (weekday, (day.day + 6) // 7) in field.nth:
        return True
    last = day.day + 7 > calendar.monthrange(day.year, day.month)[1]
    return weekday in field.last_weekdays and last
