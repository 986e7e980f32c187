"""Takes a request to a person, waits for the answer and keeps the verdict."""

KEPT_SECONDS = 90 * 24 * 3600


def get_capabilities():
    return {
        "name": "approval-desk",
        "description": "Decides on a spending request: small amounts pass at once, all others wait "
        "for a person's `approve` signal. A verdict is kept, so that asking again gives the same.",
        "capabilities": ["workflow.approval"],
        "utterances": [
            "ask my manager to approve this expense",
            "get sign-off for the purchase",
            "I need approval for a new laptop",
            "submit this invoice for authorisation",
            "may we spend 900 euros on a workshop",
            "was my travel request approved",
        ],
        "examples": [
            {
                "input": {"request": "coffee-7", "purpose": "Coffee", "amount": 18.5},
                "output": {
                    "request": "coffee-7",
                    "verdict": "approved",
                    "by": "policy",
                    "comment": "18.50 is within the limit of 50.00",
                },
            },
            {"input": {"request": "laptop-12", "purpose": "A laptop", "amount": 1450}},
        ],
        "input_schema": {
            "type": "object",
            "properties": {
                "request": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
                "purpose": {"type": "string", "maxLength": 500},
                "amount": {"type": "number", "minimum": 0},
                "free_up_to": {"type": "number", "minimum": 0},
                "timeout_hours": {"type": "number", "exclusiveMinimum": 0, "maximum": 720},
            },
            "required": ["request", "purpose", "amount"],
            "additionalProperties": False,
        },
        "output_schema": {
            "type": "object",
            "properties": {
                "request": {"type": "string"},
                "verdict": {"enum": ["approved", "refused", "expired"]},
                "by": {"type": ["string", "null"]},
                "comment": {"type": ["string", "null"]},
            },
            "required": ["request", "verdict", "by", "comment"],
        },
        "tools": ["log", "recall", "remember", "wait_for"],
        "limits": {"wall_time_ms": 500},
    }


def judged(answer):
    """The verdict in what the signal carries: an object, or simply true or false."""
    if not isinstance(answer, dict):
        answer = {"approved": answer}
    verdict = "approved" if answer.get("approved") is True else "refused"
    return {"verdict": verdict, "by": answer.get("by"), "comment": answer.get("comment")}


def execute(input):
    request = input["request"]
    amount, limit = input["amount"], input.get("free_up_to", 50)
    if amount <= limit:
        comment = f"{amount:.2f} is within the limit of {limit:.2f}"
        return {"request": request, "verdict": "approved", "by": "policy", "comment": comment}

    key = "verdict/" + request
    verdict = recall(key)
    if verdict is None:
        log("waiting for approval", request=request, purpose=input["purpose"], amount=amount)
        try:
            answer = wait_for("approve", timeout=input.get("timeout_hours", 72) * 3600)
        except RuntimeError as error:
            log("nobody answered", request=request, reason=str(error))
            return {"request": request, "verdict": "expired", "by": None, "comment": None}
        verdict = judged(answer)
        remember(key, verdict, ttl=KEPT_SECONDS)
        log("decided", request=request, verdict=verdict["verdict"], by=verdict["by"])
    return {"request": request, **verdict}
