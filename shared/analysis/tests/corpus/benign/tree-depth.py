"""Measures a tree by mutual recursion over its nodes and lists."""


def depth(node):
    children = node.get("children", [])
    if not children:
        return 1
    return 1 + deepest(children)


def deepest(children):
    return max(depth(child) for child in children)


def get_capabilities():
    return {
        "name": "tree-depth",
        "description": "Measures a tree by mutual recursion over its nodes and lists.",
        "capabilities": ["data.tree"],
        "utterances": ["measures a tree by mutual recursion over its nodes and lists"],
    }


def execute(input):
    return {"depth": depth(input), "leaves": leaves(input)}


def leaves(node):
    children = node.get("children") or []
    return sum(leaves(child) for child in children) if children else 1
