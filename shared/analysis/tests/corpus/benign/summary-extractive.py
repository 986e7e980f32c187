"""Picks the sentences whose words are commonest."""

import re
from collections import Counter

STOP = {"the", "a", "an", "and", "of", "to", "in", "is", "it", "at"}


def get_capabilities():
    return {
        "name": "summary-extractive",
        "description": "Picks the sentences whose words are commonest.",
        "capabilities": ["text.summary"],
        "utterances": ["picks the sentences whose words are commonest"],
    }


def execute(input):
    sentences = re.split(r"(?<=[.!?])\s+", input["text"].strip())
    words = [w for w in re.findall(r"\w+", input["text"].lower()) if w not in STOP]
    counts = Counter(words)
    def weight(sentence):
        tokens = re.findall(r"\w+", sentence.lower())
        return sum(counts[t] for t in tokens) / (len(tokens) or 1)
    ranked = sorted(sentences, key=weight, reverse=True)[: input.get("sentences", 1)]
    return {"summary": " ".join(s for s in sentences if s in ranked)}
