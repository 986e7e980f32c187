"""Evaluates an expression tree by methods chosen by name."""


class Evaluator:
    def visit(self, node):
        if isinstance(node, (int, float)):
            return node
        handler = getattr(self, "visit_" + node["op"], None)
        if handler is None:
            raise ValueError("unknown operation " + str(node["op"]))
        return handler(self.visit(node["left"]), self.visit(node["right"]))

    def visit_add(self, left, right):
        return left + right

    def visit_multiply(self, left, right):
        return left * right


def get_capabilities():
    return {
        "name": "visitor-dispatch",
        "description": "Evaluates an expression tree by methods chosen by name.",
        "capabilities": ["data.expression"],
        "utterances": ["evaluates an expression tree by methods chosen by name"],
    }


def execute(input):
    return {"value": Evaluator().visit(input)}
