"""Scores sentiment with a small lexicon and negation."""

import re

LEXICON = {"good": 2, "great": 3, "excellent": 4, "bad": -2, "awful": -3, "terrible": -4, "fine": 1, "poor": -2, "love": 3, "hate": -3}
NEGATIONS = {"not", "never", "no", "hardly"}


def get_capabilities():
    return {
        "name": "sentiment-lexicon",
        "description": "Scores sentiment with a small lexicon and negation.",
        "capabilities": ["text.sentiment"],
        "utterances": ["scores sentiment with a small lexicon and negation"],
    }


def execute(input):
    score, negated, hits = 0, False, []
    for word in re.findall(r"[a-z']+", input["text"].lower()):
        if word in NEGATIONS:
            negated = True
        elif word in LEXICON:
            value = -LEXICON[word] if negated else LEXICON[word]
            score += value
            hits.append({"word": word, "value": value})
            negated = False
    return {"score": score, "hits": hits}
