class Node:
    def __init__(self, value):
        self.value = value
        self.next = None
        self.parent = None


class LinkedList:
    def __init__(self):
        self.head = None
        self.size = 0
    def push(self, value):
        node = Node(value)
        node.next = self.head
        self.head = node
        self.size += 1
    def reverse(self):
        previous = None
        current = self.head
        while current is not None:
            current.next, previous, current = previous, current, current.next
        self.head = previous
    def __iter__(self):
        current = self.head
        while current:
            yield current.value
            current = current.next


def execute(input):
    items = LinkedList()
    for v in input["values"]:
        items.push(v)
    items.reverse()
    return list(items)


def get_capabilities():
    return {"name": "linked-list", "description": "Does what its name says.", "capabilities": ["sample.linked-list"]}
