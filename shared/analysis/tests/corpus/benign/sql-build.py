def execute(input):
    table = input["table"]
    if not table.isidentifier():
        raise ValueError("bad table name")
    columns = ", ".join(c for c in input["columns"] if c.isidentifier())
    return {"sql": "SELECT {} FROM {} WHERE id = %s".format(columns, table), "params": [input["id"]]}


def get_capabilities():
    return {"name": "sql-build", "description": "Does what its name says.", "capabilities": ["sample.sql-build"]}
