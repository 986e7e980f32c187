"""Orders jobs with comparison methods of a class."""


class Job:
    def __init__(self, priority, name):
        self.priority = priority
        self.name = name

    def __lt__(self, other):
        return (self.priority, self.name) < (other.priority, other.name)


def get_capabilities():
    return {
        "name": "priority-queue",
        "description": "Orders jobs with comparison methods of a class.",
        "capabilities": ["data.heap"],
        "utterances": ["orders jobs with comparison methods of a class"],
    }


def execute(input):
    jobs = sorted(Job(item["p"], item["n"]) for item in input["items"])
    return {"order": [job.name for job in jobs]}
