"""Counts words."""

from collections import Counter
import re


def get_capabilities():
    return {
        "name": "word-frequency",
        "description": "Counts words.",
        "capabilities": ["text.frequency"],
        "utterances": ["counts words"],
    }


def execute(input):
    words = re.findall(r"\w+", input["text"].lower())
    return {"words": Counter(words).most_common(input.get("top", 10))}
