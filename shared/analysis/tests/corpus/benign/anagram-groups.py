"""Groups anagrams."""

from collections import defaultdict


def get_capabilities():
    return {
        "name": "anagram-groups",
        "description": "Groups anagrams.",
        "capabilities": ["text.anagrams"],
        "utterances": ["groups anagrams"],
    }


def execute(input):
    groups = defaultdict(list)
    for word in input["words"]:
        groups["".join(sorted(word.lower()))].append(word)
    return {"groups": [sorted(words) for words in groups.values() if len(words) > 1]}
