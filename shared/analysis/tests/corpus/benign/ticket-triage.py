"""Sorts support tickets into queues."""

QUEUES = {
    "access": ["password", "log in", "login", "locked", "two-factor"],
    "billing": ["invoice", "refund", "charge", "card"],
    "outage": ["down", "unavailable", "timeout", "error 5"],
}


def get_capabilities():
    return {
        "name": "ticket-triage",
        "description": "Sorts support tickets into queues.",
        "capabilities": ["support.triage"],
        "utterances": ["sorts support tickets into queues"],
    }


def execute(input):
    text = (input["subject"] + " " + input["body"]).lower()
    scores = {queue: sum(text.count(word) for word in words) for queue, words in QUEUES.items()}
    best = max(scores, key=lambda queue: scores[queue])
    urgent = any(word in text for word in ("urgent", "asap", "immediately"))
    return {"queue": best if scores[best] else "general", "urgent": urgent, "scores": scores}
