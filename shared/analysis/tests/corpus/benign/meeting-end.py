import datetime as dt


def execute(input):
    start = dt.datetime.strptime(input["start"], "%Y-%m-%d %H:%M")
    end = start + dt.timedelta(minutes=input["minutes"])
    return {"end": end.isoformat(), "weekday": end.strftime("%A"), "utc": end.replace(tzinfo=dt.timezone.utc).isoformat()}


def get_capabilities():
    return {"name": "meeting-end", "description": "Does what its name says.", "capabilities": ["sample.meeting-end"]}
