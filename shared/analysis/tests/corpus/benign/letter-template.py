"""Fills a letter template."""

TEMPLATE = "Dear {name},\nyour parcel arrives in {days} day{s}.\nTracking: {0[code]:>12}\n"


def get_capabilities():
    return {
        "name": "letter-template",
        "description": "Fills a letter template.",
        "capabilities": ["text.template"],
        "utterances": ["fills a letter template"],
    }


def execute(input):
    days = input["days"]
    text = TEMPLATE.format({"code": "X-17"}, name=input["name"], days=days, s="" if days == 1 else "s")
    return {"letter": text, "length": "%d characters" % len(text)}
