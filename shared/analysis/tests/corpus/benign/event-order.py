def execute(input):
    class Event:
        def __init__(self, at, kind):
            self.at, self.kind = at, kind
        def __lt__(self, other):
            return self.at < other.at
        def __le__(self, other):
            return self.at <= other.at
    events = sorted(Event(**e) for e in input["events"])
    return [e.kind for e in events]


def get_capabilities():
    return {"name": "event-order", "description": "Does what its name says.", "capabilities": ["sample.event-order"]}
