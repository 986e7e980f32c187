"""Counts what a text is made of and says how hard it is to read."""

import re
from collections import Counter

WORDS_PER_MINUTE = 238  # silent reading of English non-fiction by adults


def get_capabilities():
    return {
        "name": "text-statistics",
        "description": "Counts characters, words, sentences and paragraphs of a text, names its "
        "commonest words and estimates reading time and reading ease.",
        "capabilities": ["text.statistics", "text.readability"],
        "utterances": [
            "how many words are in this text",
            "count the sentences of my essay",
            "how long does it take to read this article",
            "is this paragraph easy to read",
            "give me statistics about a text",
        ],
        "examples": [
            {
                "input": {"text": "The cat sat. The cat ran!", "top": 1},
                "output": {
                    "characters": 25,
                    "words": 6,
                    "distinct_words": 4,
                    "sentences": 2,
                    "paragraphs": 1,
                    "average_word_length": 3.0,
                    "average_sentence_words": 3.0,
                    "reading_ease": 119.19,
                    "reading_seconds": 2,
                    "commonest": [{"word": "cat", "count": 2}],
                },
            }
        ],
        "input_schema": {
            "type": "object",
            "properties": {
                "text": {"type": "string"},
                "top": {"type": "integer", "minimum": 0, "maximum": 50},
            },
            "required": ["text"],
            "additionalProperties": False,
        },
        "output_schema": {
            "type": "object",
            "properties": {
                "words": {"type": "integer"},
                "sentences": {"type": "integer"},
                "reading_ease": {"type": ["number", "null"]},
                "commonest": {"type": "array"},
            },
            "required": ["words", "sentences", "reading_ease", "commonest"],
        },
        "tools": [],
        "limits": {"wall_time_ms": 500},
    }


def syllables(word):
    """Counts groups of vowels, less a silent final e; at least one."""
    groups = len(re.findall(r"[aeiouy]+", word))
    if word.endswith("e") and not word.endswith("le") and groups > 1:
        groups -= 1
    return max(groups, 1)


def ratio(part, whole):
    return round(part / whole, 2) if whole else 0.0


def execute(input):
    text = input["text"]
    words = [word.lower() for word in re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", text)]
    sentences = [s for s in re.split(r"[.!?]+(?:\s|$)", text) if s.strip()]
    paragraphs = [p for p in re.split(r"\n\s*\n", text) if p.strip()]

    ease = None
    if words and sentences:
        per_sentence = len(words) / len(sentences)
        per_word = sum(syllables(word) for word in words) / len(words)
        ease = round(206.835 - 1.015 * per_sentence - 84.6 * per_word, 2)

    ranked = sorted(Counter(words).items(), key=lambda pair: (-pair[1], pair[0]))
    return {
        "characters": len(text),
        "words": len(words),
        "distinct_words": len(ranked),
        "sentences": len(sentences),
        "paragraphs": len(paragraphs),
        "average_word_length": ratio(sum(len(word) for word in words), len(words)),
        "average_sentence_words": ratio(len(words), len(sentences)),
        "reading_ease": ease,
        "reading_seconds": round(len(words) * 60 / WORDS_PER_MINUTE),
        "commonest": [
            {"word": word, "count": count} for word, count in ranked[: input.get("top", 5)]
        ],
    }
