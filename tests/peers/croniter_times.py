# What Debian's python3-croniter answers: reads lines of ZONE, EXPR and instants divided by tabs and
# blanks, writes for each instant the next time after it or `none`; or `refused: ` and why. Run by
# Debian's own python3, which alone sees the package. In pytz's zones, which it is made for.
import datetime
import sys

import pytz
from croniter import CroniterBadDateError, croniter


def next_time(expression, begin):
    try:
        return str(int(croniter(expression, begin).get_next(float)))
    except CroniterBadDateError:
        return "none"


def answer(zone, expression, instants):
    croniter.expand(expression)
    tz = pytz.timezone(zone)
    return " ".join(next_time(expression, datetime.datetime.fromtimestamp(int(instant), tz))
                    for instant in instants)


for line in sys.stdin:
    zone, expression, instants = line.rstrip("\n").split("\t")
    try:
        print(answer(zone, expression, instants.split()))
    except Exception as error:  # whatever it throws is its answer
        print("refused:", type(error).__name__, " ".join(str(error).split()))
