"""Sorts tasks by how soon they are due, counted from the moment it is asked."""

from datetime import date


def get_capabilities():
    return {
        "name": "deadline-reminder",
        "description": "Takes tasks with due dates and says, as of now, which are overdue, due "
        "today, due this week or later, and how many days are left for each.",
        "capabilities": ["planning.deadlines"],
        "utterances": [
            "what is due this week",
            "which of my tasks are overdue",
            "how many days are left until the deadline",
            "remind me of upcoming deadlines",
            "sort my to-do list by urgency",
        ],
        "examples": [
            {
                "input": {"tasks": []},
            }
        ],
        "input_schema": {
            "type": "object",
            "properties": {
                "tasks": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "title": {"type": "string"},
                            "due": {"type": "string", "pattern": "^\\d{4}-\\d{2}-\\d{2}$"},
                            "owner": {"type": "string"},
                            "done": {"type": "boolean"},
                        },
                        "required": ["title", "due"],
                    },
                }
            },
            "required": ["tasks"],
            "additionalProperties": False,
        },
        "output_schema": {
            "type": "object",
            "properties": {
                "today": {"type": "string"},
                "reminders": {"type": "array", "items": {"type": "object"}},
                "counts": {"type": "object"},
            },
            "required": ["today", "reminders", "counts"],
        },
        "tools": ["log", "now"],
        "limits": {"wall_time_ms": 500},
    }


def parse_day(text):
    year, month, day = text[:10].split("-")
    return date(int(year), int(month), int(day))


def urgency(days):
    if days < 0:
        return "overdue"
    if days == 0:
        return "today"
    return "this_week" if days <= 7 else "later"


def wording(days):
    if days == 0:
        return "due today"
    plural = "" if abs(days) == 1 else "s"
    if days < 0:
        return f"{-days} day{plural} overdue"
    return f"{days} day{plural} left"


def execute(input):
    today = parse_day(now())
    counts = {"overdue": 0, "today": 0, "this_week": 0, "later": 0}
    reminders = []
    for task in input["tasks"]:
        if task.get("done"):
            continue
        try:
            days = (parse_day(task["due"]) - today).days
        except ValueError:
            log("skipped a task with an impossible date", title=task["title"], due=task["due"])
            continue
        kind = urgency(days)
        counts[kind] += 1
        reminders.append(
            {
                "title": task["title"],
                "owner": task.get("owner"),
                "due": task["due"],
                "days_left": days,
                "urgency": kind,
                "message": wording(days),
            }
        )
    reminders.sort(key=lambda reminder: (reminder["days_left"], reminder["title"]))
    log("sorted deadlines", open=len(reminders), overdue=counts["overdue"])
    return {"today": today.isoformat(), "reminders": reminders, "counts": counts}
