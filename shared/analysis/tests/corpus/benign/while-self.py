class Counter:
    def __init__(self, n):
        self.n = n
        self.done = False
    def step(self):
        self.n -= 1
        if self.n <= 0:
            self.done = True


def execute(input):
    c = Counter(input["n"])
    while not c.done:
        c.step()
    return c.n


def get_capabilities():
    return {"name": "while-self", "description": "Does what its name says.", "capabilities": ["sample.while-self"]}
