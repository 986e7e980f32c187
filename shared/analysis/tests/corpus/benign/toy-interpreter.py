"""Simple interpreter for a toy language (does not use eval or exec)."""
KEYWORDS = ("let", "print", "if", "while")


def execute(input):
    env, out, fuel = {}, [], 1000
    lines = input["program"].splitlines()
    pc = 0
    while pc < len(lines) and fuel > 0:
        fuel -= 1
        parts = lines[pc].split()
        pc += 1
        if not parts:
            continue
        if parts[0] == "let":
            env[parts[1]] = int(parts[3])
        elif parts[0] == "print":
            out.append(env.get(parts[1], 0))
        elif parts[0] == "goto":
            pc = int(parts[1])
    return out


def get_capabilities():
    return {"name": "toy-interpreter", "description": "Does what its name says.", "capabilities": ["sample.toy-interpreter"]}
