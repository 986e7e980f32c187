class Parser:
    def __init__(self, text):
        self.text = text
        self.pos = 0

    def peek(self):
        return self.text[self.pos] if self.pos < len(self.text) else ""

    def skip(self):
        while self.peek().isspace():
            self.pos += 1

    def value(self):
        self.skip()
        if self.peek() == "(":
            self.pos += 1
            items = []
            while True:
                self.skip()
                if self.peek() == ")":
                    self.pos += 1
                    return items
                items.append(self.value())
        start = self.pos
        while self.peek() and not self.peek().isspace() and self.peek() not in "()":
            self.pos += 1
        return self.text[start:self.pos]


def execute(input):
    return Parser(input["text"]).value()


def get_capabilities():
    return {"name": "parser-class", "description": "Does what its name says.", "capabilities": ["sample.parser-class"]}
