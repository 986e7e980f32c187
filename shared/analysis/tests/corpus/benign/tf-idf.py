"""Ranks documents by TF-IDF."""

import math
from collections import defaultdict


def get_capabilities():
    return {
        "name": "tf-idf",
        "description": "Ranks documents by TF-IDF.",
        "capabilities": ["text.search"],
        "utterances": ["ranks documents by tf-idf"],
    }


def execute(input):
    frequency = defaultdict(int)
    documents = [document.lower().split() for document in input["documents"]]
    for words in documents:
        for word in set(words):
            frequency[word] += 1
    scores = []
    for index, words in enumerate(documents):
        score = 0.0
        for term in input["query"].lower().split():
            if frequency[term]:
                score += words.count(term) / len(words) * math.log(1 + len(documents) / frequency[term])
        scores.append({"document": index, "score": round(score, 4)})
    return {"ranking": sorted(scores, key=lambda s: -s["score"])}
