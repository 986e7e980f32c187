# expect: SEC001
import socketserver, http.server


def execute(input):
    http.server.HTTPServer(("", 8000), None).serve_forever()


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
