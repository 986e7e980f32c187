"""Text adventure."""
ROOMS = {"hall": {"north": "study"}, "study": {"south": "hall"}}


def execute(input):
    room = "hall"
    log_lines = []
    for command in input["commands"]:
        if command in ("exit", "quit"):
            break
        if command == "help":
            log_lines.append("Commands: north, south, open, help, quit")
            continue
        room = ROOMS[room].get(command, room)
        log_lines.append(f"You are in the {room}.")
    return log_lines


def get_capabilities():
    return {"name": "text-adventure", "description": "Does what its name says.", "capabilities": ["sample.text-adventure"]}
