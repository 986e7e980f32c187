def execute(input):
    rows = input["rows"]
    header = "| " + " | ".join(rows[0]) + " |"
    body = ["| %s |" % " | ".join("%-10s" % str(r.get(k, "")) for k in rows[0]) for r in rows]
    total = "%05.2f%%" % 12.5 + "{:,.2f}".format(1234.5) + f"{0.123:.1%}" + f"{255:#010x}" + f"{'x':^30}"
    return "\n".join([header] + body + [total])


def get_capabilities():
    return {"name": "format-styles", "description": "Does what its name says.", "capabilities": ["sample.format-styles"]}
