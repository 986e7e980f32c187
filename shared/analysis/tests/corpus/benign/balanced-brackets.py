class Stack:
    def __init__(self):
        self._items = []
    def push(self, item):
        self._items.append(item)
        return self
    def pop(self):
        return self._items.pop()
    def __len__(self):
        return len(self._items)
    def __reversed__(self):
        return reversed(self._items)


def execute(input):
    s = Stack()
    pairs = {")": "(", "]": "[", "}": "{"}
    for ch in input["text"]:
        if ch in "([{":
            s.push(ch)
        elif ch in pairs:
            if not len(s) or s.pop() != pairs[ch]:
                return {"balanced": False}
    return {"balanced": len(s) == 0}


def get_capabilities():
    return {"name": "balanced-brackets", "description": "Does what its name says.", "capabilities": ["sample.balanced-brackets"]}
