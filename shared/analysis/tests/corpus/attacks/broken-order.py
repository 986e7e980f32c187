# expect: SEC039
class Item:
    def __init__(self, value):
        self.value = value

    def __lt__(self, other):
        return True


def get_capabilities():
    return {
        "name": "broken-order",
        "description": "Works on the input it is given.",
        "capabilities": ["text.work"],
    }


def execute(input):
    return [item.value for item in sorted(Item(v) for v in input["values"])]
