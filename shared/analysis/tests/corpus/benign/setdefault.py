def execute(input):
    index = {}
    for word in input["words"]:
        index.setdefault(word[0], []).append(word)
    node = root = {}
    for c in "abc":
        node[c] = {}
        node = node[c]
    linked = None
    for v in [1, 2, 3]:
        linked = {"value": v, "next": linked}
    return {"index": index, "trie": root, "linked": linked}


def get_capabilities():
    return {"name": "setdefault", "description": "Does what its name says.", "capabilities": ["sample.setdefault"]}
