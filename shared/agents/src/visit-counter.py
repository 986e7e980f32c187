"""Counts visits under a key, from one call to the next."""

MILESTONES = (1, 10, 100, 1000, 10000, 100000, 1000000)


def get_capabilities():
    return {
        "name": "visit-counter",
        "description": "Keeps a count of visits per page across calls, and says when a milestone "
        "is reached. One call at a time per page: two at once may count as one.",
        "capabilities": ["metrics.counter"],
        "utterances": [
            "count a visit to the start page",
            "how many visitors has this page had",
            "increase the page counter",
            "start the visit count of the blog anew",
            "record another hit on the landing page",
        ],
        "examples": [
            {"input": {"page": "home"}},
            {"input": {"page": "blog", "visits": 5}},
            {"input": {"page": "blog", "reset": True}},
        ],
        "input_schema": {
            "type": "object",
            "properties": {
                "page": {"type": "string", "pattern": "^[A-Za-z0-9/._-]{1,100}$"},
                "visits": {"type": "integer", "minimum": 0, "maximum": 1000000},
                "reset": {"type": "boolean"},
            },
            "required": ["page"],
            "additionalProperties": False,
        },
        "output_schema": {
            "type": "object",
            "properties": {
                "page": {"type": "string"},
                "visits": {"type": "integer", "minimum": 0},
                "milestone": {"type": ["integer", "null"]},
            },
            "required": ["page", "visits", "milestone"],
        },
        "tools": ["forget", "log", "recall", "remember"],
        "limits": {"wall_time_ms": 500},
    }


def reached(before, after):
    """The highest milestone above the one count and not above the other, if there is one."""
    passed = [milestone for milestone in MILESTONES if before < milestone <= after]
    return passed[-1] if passed else None


def execute(input):
    page = input["page"]
    key = "visits/" + page
    if input.get("reset"):
        forget(key)
        log("forgot the count", page=page)
        return {"page": page, "visits": 0, "milestone": None}

    before = recall(key, 0)
    after = before + input.get("visits", 1)
    if after != before:
        remember(key, after)
    milestone = reached(before, after)
    if milestone:
        log("reached a milestone", page=page, milestone=milestone)
    return {"page": page, "visits": after, "milestone": milestone}
