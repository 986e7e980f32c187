"""Adds and scales vectors."""


class Vector:
    def __init__(self, *parts):
        self.parts = parts

    def __add__(self, other):
        return Vector(*[a + b for a, b in zip(self.parts, other.parts)])

    def __mul__(self, factor):
        return Vector(*[a * factor for a in self.parts])

    def __eq__(self, other):
        return self.parts == other.parts

    def __hash__(self):
        return hash(self.parts)

    def __repr__(self):
        return f"{self.__class__.__name__}{self.parts}"

    def __len__(self):
        return len(self.parts)


def get_capabilities():
    return {
        "name": "vector-class",
        "description": "Adds and scales vectors.",
        "capabilities": ["math.vectors"],
        "utterances": ["adds and scales vectors"],
    }


def execute(input):
    total = Vector(*input["a"]) + Vector(*input["b"])
    return {"sum": list(total.parts), "text": repr(total * 2), "size": len(total)}
