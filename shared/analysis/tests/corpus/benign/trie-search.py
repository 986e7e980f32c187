class Trie:
    def __init__(self):
        self.root = {}
    def insert(self, word):
        node = self.root
        for ch in word:
            node = node.setdefault(ch, {})
        node["$"] = True
    def starts(self, prefix):
        node = self.root
        for ch in prefix:
            if ch not in node:
                return []
            node = node[ch]
        found = []
        def collect(n, path):
            if "$" in n:
                found.append(prefix + path)
            for k in sorted(n):
                if k != "$":
                    collect(n[k], path + k)
        collect(node, "")
        return found


def execute(input):
    t = Trie()
    for w in input["words"]:
        t.insert(w)
    return t.starts(input["prefix"])


def get_capabilities():
    return {"name": "trie-search", "description": "Does what its name says.", "capabilities": ["sample.trie-search"]}
