"""Grades a quiz; input and filter are plain parameters."""


def grade(input, key):
    return {number: input.get(number, "").strip().lower() == right for number, right in key.items()}


def get_capabilities():
    return {
        "name": "quiz-grader",
        "description": "Grades a quiz; input and filter are plain parameters.",
        "capabilities": ["education.quiz"],
        "utterances": ["grades a quiz; input and filter are plain parameters"],
    }


def execute(input):
    marks = grade(input["answers"], input["key"])
    hash = {number: "right" if good else "wrong" for number, good in marks.items()}
    return {"marks": hash, "score": sum(marks.values()), "of": len(marks)}
