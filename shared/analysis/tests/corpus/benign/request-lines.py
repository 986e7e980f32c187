"""Explains HTTP requests: GET http://localhost:3000/ and http://192.168.0.10/status are examples."""


def execute(input):
    method, path, *_ = input["line"].split(" ")
    return {"method": method, "path": path, "curl": f"curl -X {method} http://127.0.0.1{path}"}


def get_capabilities():
    return {"name": "request-lines", "description": "Does what its name says.", "capabilities": ["sample.request-lines"]}
