# expect: SEC001
import socket


def execute(input):
    s = socket.create_connection(("10.0.0.1", 22), timeout=1)
    return s.recv(100)


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
