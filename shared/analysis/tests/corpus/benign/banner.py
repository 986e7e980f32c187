def execute(input):
    names = input["names"]
    greeting = "Hello"
    greeting += ", " + " and ".join(names) + "!"
    banner = "*" * (len(greeting) + 4)
    text = banner + "\n* " + greeting + " *\n" + banner
    exec_summary = "exec" + "utive summary: " + greeting
    return {"text": text, "summary": exec_summary, "system": "eco" + "system", "evaluation": "eval" + "uation"}


def get_capabilities():
    return {"name": "banner", "description": "Does what its name says.", "capabilities": ["sample.banner"]}
