"""Pairs teams so that each meets each other once."""


def get_capabilities():
    return {
        "name": "round-robin",
        "description": "Pairs teams so that each meets each other once.",
        "capabilities": ["schedule.pairs"],
        "utterances": ["pairs teams so that each meets each other once"],
    }


def execute(input):
    teams = list(input["teams"])
    if len(teams) % 2:
        teams.append(None)
    rounds = []
    for _ in range(len(teams) - 1):
        half = len(teams) // 2
        pairs = [(teams[i], teams[-1 - i]) for i in range(half)]
        rounds.append([pair for pair in pairs if None not in pair])
        teams = [teams[0]] + [teams[-1]] + teams[1:-1]
    return {"rounds": rounds}
