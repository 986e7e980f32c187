"""Lays out a meeting from the present moment on, using the tools it is given."""


def get_capabilities():
    return {
        "name": "meeting-agenda",
        "description": "Gives each topic of a meeting its time.",
        "capabilities": ["planning.agenda"],
        "tools": ["now", "log"],
    }


def execute(input):
    start = now()
    hour, minute = int(start[11:13]), int(start[14:16])
    elapsed, agenda = 0, []
    for topic in input["topics"]:
        at = hour * 60 + minute + elapsed
        agenda.append({"title": topic["title"], "at": f"{at // 60 % 24:02d}:{at % 60:02d}"})
        elapsed += topic["minutes"]
        log("placed a topic", title=topic["title"], minutes=topic["minutes"])
    return {"agenda": agenda, "minutes": elapsed}
