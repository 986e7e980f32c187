"""Runs programs and says what they return, values with their types and floats with their bits."""

import json
import struct
import sys

WRITERS = {
    type(None): lambda v: ["n"],
    bool: lambda v: ["b", v],
    int: lambda v: ["i", str(v)],
    float: lambda v: ["f", str(struct.unpack("<Q", struct.pack("<d", v))[0])],
    str: lambda v: ["s", v],
    list: lambda v: ["l", [write(x) for x in v]],
    tuple: lambda v: ["t", [write(x) for x in v]],
    dict: lambda v: ["d", [[write(k), write(x)] for k, x in v.items()]],
}


def write(value):
    return WRITERS[type(value)](value)


def read(value):
    kind, *rest = value
    if kind == "n":
        return None
    if kind == "i":
        return int(rest[0])
    if kind == "f":
        return struct.unpack("<d", struct.pack("<Q", int(rest[0])))[0]
    if kind == "l":
        return [read(x) for x in rest[0]]
    if kind == "t":
        return tuple(read(x) for x in rest[0])
    if kind == "d":
        return {read(k): read(x) for k, x in rest[0]}
    return rest[0]


def call(function, inputs):
    try:
        return {"value": write(function(*[read(x) for x in inputs]))}
    except NameError:
        # Until 3.11 a comprehension is a function, to which the variable is not local.
        return {"error": "UnboundLocalError"}
    except Exception as error:
        return {"error": type(error).__name__}


for line in sys.stdin:
    answers = []
    for program in json.loads(line):
        code = compile(program["source"], "program", "exec")
        for inputs in program["inputs"]:
            # Constants begin anew in every run.
            scope = {}
            exec(code, scope)
            answers.append(call(scope["f"], inputs))
    print(json.dumps(answers), flush=True)
