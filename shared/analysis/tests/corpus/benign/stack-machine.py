"""Runs a small stack machine with a bound on its steps."""


def get_capabilities():
    return {
        "name": "stack-machine",
        "description": "Runs a small stack machine with a bound on its steps.",
        "capabilities": ["simulation.machine"],
        "utterances": ["runs a small stack machine with a bound on its steps"],
    }


def execute(input):
    stack, counter, steps = [], 0, 0
    program = input["program"]
    while counter < len(program):
        steps += 1
        if steps > 10_000:
            raise RuntimeError("the program does not end")
        operation, *arguments = program[counter]
        counter += 1
        if operation == "push":
            stack.append(arguments[0])
        elif operation == "add":
            stack.append(stack.pop() + stack.pop())
        elif operation == "jump":
            counter = arguments[0]
    return {"stack": stack, "steps": steps}
