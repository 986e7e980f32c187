"""Suggests words within one edit."""

WORDS = {"receive", "believe", "achieve", "weird", "friend", "field", "their", "receipt", "science", "species"}
ALPHABET = "abcdefghijklmnopqrstuvwxyz"


def edits(word):
    splits = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    swaps = [l + r[1] + r[0] + r[2:] for l, r in splits if len(r) > 1]
    drops = [l + r[1:] for l, r in splits if r]
    changes = [l + c + r[1:] for l, r in splits if r for c in ALPHABET]
    return set(swaps + drops + changes)


def get_capabilities():
    return {
        "name": "spell-suggester",
        "description": "Suggests words within one edit.",
        "capabilities": ["text.spelling"],
        "utterances": ["suggests words within one edit"],
    }


def execute(input):
    word = input["word"].lower()
    known = {word} & WORDS or edits(word) & WORDS
    return {"suggestions": sorted(known)}
