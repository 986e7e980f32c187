"""Removes tags and scripts from HTML."""

import re

ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&nbsp;": " "}


def get_capabilities():
    return {
        "name": "html-stripper",
        "description": "Removes tags and scripts from HTML.",
        "capabilities": ["text.html"],
        "utterances": ["removes tags and scripts from html"],
    }


def execute(input):
    text = re.sub(r"<(script|style)\b[^>]*>.*?</\1>", " ", input["html"], flags=re.IGNORECASE | re.DOTALL)
    text = re.sub(r"<[^>]+>", " ", text)
    for entity, plain in ENTITIES.items():
        text = text.replace(entity, plain)
    return {"text": re.sub(r"\s+", " ", text).strip()}
