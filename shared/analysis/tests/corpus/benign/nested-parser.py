import re


def tokenize(text):
    return re.findall(r"[A-Za-z]+|\d+|[^\sA-Za-z\d]", text)


def execute(input):
    tokens = tokenize(input["text"])
    pos = 0
    def parse_expr():
        nonlocal pos
        left = parse_term()
        while pos < len(tokens) and tokens[pos] in "+-":
            op = tokens[pos]
            pos += 1
            right = parse_term()
            left = left + right if op == "+" else left - right
        return left
    def parse_term():
        nonlocal pos
        tok = tokens[pos]
        pos += 1
        if tok == "(":
            v = parse_expr()
            pos += 1
            return v
        return int(tok)
    return parse_expr()


def get_capabilities():
    return {"name": "nested-parser", "description": "Does what its name says.", "capabilities": ["sample.nested-parser"]}
