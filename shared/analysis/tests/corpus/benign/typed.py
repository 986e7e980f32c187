"""Agent that normalises phone numbers."""
from __future__ import annotations
import re
from typing import Any, Dict, List, Optional

PHONE_RE = re.compile(r"(?:\+?(\d{1,3}))?[\s.-]*\(?(\d{2,4})\)?[\s.-]*(\d{3,4})[\s.-]*(\d{3,4})")


class PhoneNumber:
    """A phone number."""

    def __init__(self, country: Optional[str], area: str, number: str) -> None:
        self.country = country
        self.area = area
        self.number = number

    def __str__(self) -> str:
        prefix = f"+{self.country} " if self.country else ""
        return f"{prefix}({self.area}) {self.number}"

    @classmethod
    def parse(cls, text: str) -> Optional["PhoneNumber"]:
        match = PHONE_RE.search(text)
        if not match:
            return None
        return cls(match.group(1), match.group(2), match.group(3) + match.group(4))

    @staticmethod
    def is_valid(text: str) -> bool:
        return bool(PHONE_RE.search(text))


def execute(input: Dict[str, Any]) -> Dict[str, Any]:
    numbers: List[str] = []
    for raw in input.get("numbers", []):
        try:
            parsed = PhoneNumber.parse(str(raw))
            if parsed is not None:
                numbers.append(str(parsed))
        except Exception as exc:
            numbers.append(f"error: {exc}")
    return {"numbers": numbers}


def get_capabilities():
    return {"name": "typed", "description": "Does what its name says.", "capabilities": ["sample.typed"]}
