# expect: SEC001
import sqlite3


def execute(input):
    return sqlite3.connect("/tmp/x.db").execute("select 1").fetchall()


def get_capabilities():
    return {"name": "x", "description": "Does x.", "capabilities": ["a.b"]}
