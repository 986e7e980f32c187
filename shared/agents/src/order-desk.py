"""Has other agents read an incoming order, and combines what they found into a ticket."""


def get_capabilities():
    return {
        "name": "order-desk",
        "description": "Turns an order by e-mail into a ticket: has its lines priced, its topics "
        "found and its length measured by other agents, and says what a clerk must look at.",
        "capabilities": ["sales.orders"],
        "utterances": [
            "process this incoming order",
            "file the customer's order e-mail",
            "turn this mail into an order ticket",
            "what did the customer order and what does it come to",
            "triage the new purchase order",
        ],
        "examples": [
            {
                "input": {"customer": "Hollis & Tate", "text": "  \n"},
                "output": {
                    "customer": "Hollis & Tate",
                    "status": "empty",
                    "lines": [],
                    "sum": 0,
                    "topics": [],
                    "reading_seconds": 0,
                    "concerns": ["there is no text"],
                },
            },
            {"input": {"customer": "Hollis & Tate", "text": "2 x Desk lamp @ 24.50"}},
        ],
        "input_schema": {
            "type": "object",
            "properties": {
                "customer": {"type": "string", "minLength": 1},
                "text": {"type": "string", "maxLength": 20000},
            },
            "required": ["customer", "text"],
            "additionalProperties": False,
        },
        "output_schema": {
            "type": "object",
            "properties": {
                "customer": {"type": "string"},
                "status": {"enum": ["empty", "ready", "check"]},
                "lines": {"type": "array", "items": {"type": "object"}},
                "sum": {"type": "number"},
                "topics": {"type": "array", "items": {"type": "string"}},
                "reading_seconds": {"type": "integer"},
                "concerns": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["customer", "status", "lines", "sum", "topics", "concerns"],
        },
        "tools": ["call_agent", "log"],
        "limits": {"wall_time_ms": 500},
    }


def asked(agent, input, concerns):
    """What another agent answers; if it fails, nothing and one concern more."""
    try:
        return call_agent(agent, input)
    except RuntimeError as error:
        log("an agent did not answer", agent=agent, reason=str(error))
        concerns.append(f"{agent} did not answer")
        return {}


def execute(input):
    text = input["text"].strip()
    concerns = []
    order, topics, size = {}, {}, {}
    if text:
        order = asked("invoice-lines", {"text": text}, concerns)
        topics = asked("keyword-extractor", {"text": text, "limit": 5}, concerns)
        size = asked("text-statistics", {"text": text, "top": 0}, concerns)
        if "lines" in order and not order["lines"]:
            concerns.append("no order line was found")
        if not order.get("consistent", True):
            concerns.append("the amounts do not add up")
    else:
        concerns.append("there is no text")

    status = "check" if concerns else "ready"
    ticket = {
        "customer": input["customer"],
        "status": status if text else "empty",
        "lines": order.get("lines", []),
        "sum": order.get("sum", 0),
        "topics": [entry["phrase"] for entry in topics.get("keywords", [])],
        "reading_seconds": size.get("reading_seconds", 0),
        "concerns": concerns,
    }
    log("filed an order", customer=ticket["customer"], status=ticket["status"], sum=ticket["sum"])
    return ticket
