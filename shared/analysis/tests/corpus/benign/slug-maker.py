"""Generates slugs; uses unicodedata to strip accents."""
import re
import unicodedata


def execute(input):
    text = unicodedata.normalize("NFKD", input["title"])
    text = "".join(c for c in text if not unicodedata.combining(c))
    text = re.sub(r"[^a-zA-Z0-9]+", "-", text).strip("-").lower()
    return {"slug": text or "untitled"}


def get_capabilities():
    return {"name": "slug-maker", "description": "Does what its name says.", "capabilities": ["sample.slug-maker"]}
