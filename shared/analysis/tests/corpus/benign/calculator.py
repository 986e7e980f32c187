"""Evaluates arithmetic with a hand-written parser instead of eval."""


def parse(tokens):
    value = term(tokens)
    while tokens and tokens[0] in "+-":
        operator = tokens.pop(0)
        right = term(tokens)
        value = value + right if operator == "+" else value - right
    return value


def term(tokens):
    value = factor(tokens)
    while tokens and tokens[0] in "*/":
        operator = tokens.pop(0)
        right = factor(tokens)
        value = value * right if operator == "*" else value / right
    return value


def factor(tokens):
    token = tokens.pop(0)
    if token == "(":
        value = parse(tokens)
        tokens.pop(0)
        return value
    if token == "-":
        return -factor(tokens)
    return float(token)


def get_capabilities():
    return {
        "name": "calculator",
        "description": "Evaluates arithmetic with a hand-written parser instead of eval.",
        "capabilities": ["math.calculator"],
        "utterances": ["evaluates arithmetic with a hand-written parser instead of eval"],
    }


def execute(input):
    spaced = "".join(f" {c} " if c in "+-*/()" else c for c in input["text"])
    return {"value": parse(spaced.split())}
