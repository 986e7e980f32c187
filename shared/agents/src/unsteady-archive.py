"""Files documents in an archive that is not always open, to show how failures are retried."""


def get_capabilities():
    return {
        "name": "unsteady-archive",
        "description": "Files a document under a reference. The archive behind it turns the "
        "first attempts for each reference away, as many as are asked for.",
        "capabilities": ["records.archive"],
        "utterances": [
            "file this document in the archive",
            "archive the report under its reference",
            "store the record for good",
            "put the contract into long-term storage",
            "deposit this paper with the records office",
        ],
        "examples": [
            {"input": {"reference": "2026-17", "document": "# Two letters\n"}},
        ],
        "input_schema": {
            "type": "object",
            "properties": {
                "reference": {"type": "string", "pattern": "^[A-Za-z0-9/._-]{1,100}$"},
                "document": {"type": "string"},
                "turned_away": {"type": "integer", "minimum": 0, "maximum": 10},
            },
            "required": ["reference", "document"],
            "additionalProperties": False,
        },
        "output_schema": {
            "type": "object",
            "properties": {
                "reference": {"type": "string"},
                "characters": {"type": "integer", "minimum": 0},
                "attempt": {"type": "integer", "minimum": 1},
            },
            "required": ["reference", "characters", "attempt"],
        },
        "tools": ["log", "recall", "remember"],
        "limits": {"wall_time_ms": 500},
    }


def execute(input):
    reference = input["reference"]
    key = "attempts/" + reference
    attempt = recall(key, 0) + 1
    remember(key, attempt)
    if attempt <= input.get("turned_away", 0):
        raise RuntimeError("the archive is closed, attempt " + str(attempt))
    log("filed", reference=reference, attempt=attempt)
    return {
        "reference": reference,
        "characters": len(input["document"]),
        "attempt": attempt,
    }
