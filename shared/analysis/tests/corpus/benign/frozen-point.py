"""An immutable point."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Point:
    x: float
    y: float


class Sealed:
    __slots__ = ("value",)

    def __init__(self, value):
        object.__setattr__(self, "value", value)

    def __setattr__(self, name, value):
        raise AttributeError("sealed")


def get_capabilities():
    return {
        "name": "frozen-point",
        "description": "An immutable point.",
        "capabilities": ["data.points"],
        "utterances": ["an immutable point"],
    }


def execute(input):
    point = Point(input["x"], input["y"])
    return {"point": str(point), "sealed": Sealed(3).value, "name": Point.__name__}
