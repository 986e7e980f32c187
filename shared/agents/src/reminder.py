"""Sends reminders when their time has come: once, or several times at a steady interval."""


def get_capabilities():
    return {
        "name": "reminder",
        "description": "Waits for as long as it is told, from seconds to weeks, then sends a "
        "reminder as an event; again at an interval if asked to.",
        "capabilities": ["planning.reminders"],
        "utterances": [
            "remind me in two hours to call the dentist",
            "wake me up in ten minutes",
            "send a reminder tomorrow",
            "set a timer for 20 minutes",
            "nudge the team every day for a week",
            "don't let me forget to water the plants",
        ],
        "examples": [
            {
                "input": {"message": "Stretch", "after_seconds": 5, "preview": True},
                "output": {"message": "Stretch", "due_after": [5], "sent_at": []},
            },
            {
                "input": {
                    "message": "Drink some water",
                    "after_seconds": 60,
                    "times": 3,
                    "every_seconds": 3600,
                    "preview": True,
                },
                "output": {
                    "message": "Drink some water",
                    "due_after": [60, 3660, 7260],
                    "sent_at": [],
                },
            },
            {"input": {"message": "Call the dentist", "after_seconds": 7200}},
        ],
        "input_schema": {
            "type": "object",
            "properties": {
                "message": {"type": "string", "minLength": 1, "maxLength": 500},
                "after_seconds": {"type": "number", "minimum": 0, "maximum": 2592000},
                "times": {"type": "integer", "minimum": 1, "maximum": 20},
                "every_seconds": {"type": "number", "minimum": 1, "maximum": 604800},
                "preview": {"type": "boolean"},
            },
            "required": ["message", "after_seconds"],
            "additionalProperties": False,
        },
        "output_schema": {
            "type": "object",
            "properties": {
                "message": {"type": "string"},
                "due_after": {"type": "array", "items": {"type": "number"}},
                "sent_at": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["message", "due_after", "sent_at"],
        },
        "tools": ["emit", "log", "now", "sleep"],
        "limits": {"wall_time_ms": 500},
    }


def execute(input):
    message = input["message"]
    first = input["after_seconds"]
    interval = input.get("every_seconds", 86400)
    due_after = [first + n * interval for n in range(input.get("times", 1))]
    sent_at = []
    if not input.get("preview"):
        elapsed = 0
        for number, due in enumerate(due_after, 1):
            sleep(due - elapsed)
            elapsed = due
            emit("reminder.due", {"message": message, "number": number, "of": len(due_after)})
            sent_at.append(now())
        log("sent the last reminder", about=message, sent=len(sent_at))
    return {"message": message, "due_after": due_after, "sent_at": sent_at}
