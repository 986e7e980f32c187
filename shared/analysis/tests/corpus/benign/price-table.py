def execute(input):
    lines = ["%-20s|%8.2f|%5d%%" % (r["name"][:20], r["price"], r["share"]) for r in input["rows"]]
    header = "{0:<20}|{1:>8}|{2:>6}".format("name", "price", "share")
    sep = "{:-^36}".format("")
    amount = "{:,}".format(1000000) + "{:.10f}".format(1 / 3) + "{:>{w}}".format("x", w=12)
    return "\n".join([header, sep] + lines + [amount])


def get_capabilities():
    return {"name": "price-table", "description": "Does what its name says.", "capabilities": ["sample.price-table"]}
