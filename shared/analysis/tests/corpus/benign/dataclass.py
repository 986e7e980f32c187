from dataclasses import dataclass, field, asdict
from enum import Enum


class Level(Enum):
    LOW = 1
    HIGH = 2


@dataclass(order=True)
class Task:
    priority: int
    name: str = ""
    tags: list = field(default_factory=list)
    def __post_init__(self):
        self.tags.append(Level(min(self.priority, 2)).name)


def execute(input):
    return [asdict(t) for t in sorted(Task(**t) for t in input["tasks"])]


def get_capabilities():
    return {"name": "dataclass", "description": "Does what its name says.", "capabilities": ["sample.dataclass"]}
