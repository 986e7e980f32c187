# expect: QUA001 QUA003 QUA004 QUA005 QUA006 QUA007 QUA008 QUA009 QUA010 QUA011 STR009 TOOL002 TOOL003
import statistics

SEEN = []
TOTAL = 0


def get_capabilities():
    return {
        "name": "everything-wrong",
        "description": "Grades a list of readings.",
        "capabilities": ["readings.grade"],
        "tools": ["log"],
    }


def log(message):
    return message


def remember(value, into=[]):
    global TOTAL
    TOTAL += value
    SEEN.append(value)
    return into


def grade(value, scale):
    if value < 0:
        return "negative"
    elif value < 1:
        return "a"
    elif value < 2:
        return "b"
    elif value < 3:
        return "c"
    elif value < 4:
        return "d"
    elif value < 5:
        return "e"
    elif value < 6:
        return "f"
    elif value < 7:
        return "g"
    elif value < 8 or value == 8.5 or value == 8.25:
        return "h"
    elif value < 9 and value != 8.75 and value != 8.125:
        return "i"
    elif value < 10:
        return "j"
    return "k"
    return "never"


def execute(input):
    for reading in input["readings"]:
        try:
            remember(reading)
        except Exception:
            pass
    return {
        "grades": [grade(reading, 1) for reading in input["readings"]],
        "mean": statistics.mean(input["readings"]),
        "key": hash(str(input)),
        "unit": UNITS[0],
    }


print(log("loaded"))
