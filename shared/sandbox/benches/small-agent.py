"""Scores a support ticket by how soon somebody should look at it."""

URGENT = {"down": 5, "outage": 5, "broken": 3, "error": 2, "slow": 1, "crash": 4}
CALM = {"thanks", "please", "question", "wondering"}


def get_capabilities():
    return {
        "name": "ticket-triage",
        "description": "Scores a support ticket by how soon somebody should look at it.",
        "capabilities": ["support.triage"],
        "examples": [
            {"input": {"text": "outage please"}, "output": {"score": 4, "priority": "high"}}
        ],
    }


def score(words):
    total = 0
    for word in words:
        total += URGENT.get(word, 0)
        if word in CALM:
            total -= 1
    return total


def execute(input):
    total = score(input["text"].lower().split())
    if total >= 4:
        priority = "high"
    elif total >= 2:
        priority = "normal"
    else:
        priority = "low"
    return {"score": total, "priority": priority}
