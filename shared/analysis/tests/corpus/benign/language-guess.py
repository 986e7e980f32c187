"""Guesses a text's language from common words."""

COMMON = {
    "en": {"the", "and", "of", "to", "is", "in", "that"},
    "de": {"der", "die", "und", "das", "ist", "nicht", "für"},
    "fr": {"le", "la", "et", "les", "est", "une", "où"},
    "es": {"el", "los", "y", "que", "una", "está", "más"},
    "ru": {"и", "в", "не", "на", "что", "это"},
}


def get_capabilities():
    return {
        "name": "language-guess",
        "description": "Guesses a text's language from common words.",
        "capabilities": ["text.language"],
        "utterances": ["guesses a text's language from common words"],
    }


def execute(input):
    words = input["text"].lower().split()
    scores = {code: sum(word in common for word in words) for code, common in COMMON.items()}
    best = max(scores, key=lambda code: scores[code])
    return {"language": best if scores[best] else None, "scores": scores}
