"""Extracts key phrases by RAKE: runs of words between stop words, scored by how they combine."""

import re

STOP_WORDS = set(
    "a about above after again against all also although am an and any are as at be because been "
    "before being below between both but by can cannot could did do does doing done down during "
    "each either else even ever every few for from further get gets had has have having he her "
    "here hers him his how however i if in into is it its itself just least less like made make "
    "makes many may me might more most much must my near neither no nor not now of off often on "
    "once one only or other others our out over own per quite rather same she should since so "
    "some such than that the their them then there these they this those though through thus to "
    "too two under until up upon us use used uses using very via was we well were what when where "
    "whether which while who whom whose why will with within without would yet you your".split()
)


def get_capabilities():
    return {
        "name": "keyword-extractor",
        "description": "Finds the key phrases of an English text with RAKE (rapid automatic "
        "keyword extraction), without any model.",
        "capabilities": ["text.keywords"],
        "utterances": [
            "extract the keywords of this text",
            "what are the key phrases here",
            "tag this article",
            "which topics does the paragraph mention",
            "find the most important terms",
        ],
        "examples": [
            {
                "input": {"text": "Solar panels charge the batteries.", "limit": 2},
                "output": {
                    "keywords": [
                        {"phrase": "solar panels charge", "score": 9.0, "count": 1},
                        {"phrase": "batteries", "score": 1.0, "count": 1},
                    ]
                },
            }
        ],
        "input_schema": {
            "type": "object",
            "properties": {
                "text": {"type": "string"},
                "limit": {"type": "integer", "minimum": 1, "maximum": 50},
                "max_words": {"type": "integer", "minimum": 1, "maximum": 6},
            },
            "required": ["text"],
            "additionalProperties": False,
        },
        "output_schema": {
            "type": "object",
            "properties": {"keywords": {"type": "array", "items": {"type": "object"}}},
            "required": ["keywords"],
        },
        "tools": [],
        "limits": {"wall_time_ms": 1000},
    }


def phrases(text, max_words):
    """Runs of at most max_words words that no stop word and no punctuation interrupts."""
    found = []
    words = re.compile(r"[^\W_][\w'’-]*")
    for fragment in re.split(r"[.,;:!?()\[\]\"“”\n\t]|\s[-–—]\s", text.lower()):
        run = []
        for word in words.findall(fragment) + ["the"]:
            if word not in STOP_WORDS and not word.isdigit():
                run.append(word)
                continue
            if 0 < len(run) <= max_words:
                found.append(run)
            run = []
    return found


def word_scores(runs):
    """Each word's degree (words it stands with, itself included) over its frequency."""
    frequency, degree = {}, {}
    for run in runs:
        for word in run:
            frequency[word] = frequency.get(word, 0) + 1
            degree[word] = degree.get(word, 0) + len(run)
    return {word: degree[word] / frequency[word] for word in frequency}


def execute(input):
    runs = phrases(input["text"], input.get("max_words", 4))
    scores = word_scores(runs)
    counts = {}
    for run in runs:
        phrase = " ".join(run)
        counts[phrase] = counts.get(phrase, 0) + 1
    ranked = []
    for phrase, count in counts.items():
        score = sum(scores[word] for word in phrase.split(" "))
        ranked.append({"phrase": phrase, "score": round(score, 3), "count": count})
    ranked.sort(key=lambda entry: (-entry["score"], -entry["count"], entry["phrase"]))
    return {"keywords": ranked[: input.get("limit", 10)]}
