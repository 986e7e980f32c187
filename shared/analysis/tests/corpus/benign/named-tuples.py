from collections import namedtuple, OrderedDict, ChainMap
Point = namedtuple("Point", "x y")


def execute(input):
    p = Point(1, 2)._replace(x=5)
    d = OrderedDict(a=1)
    d.move_to_end("a")
    return {"p": p._asdict(), "fields": Point._fields, "c": dict(ChainMap({"a": 1}, {"b": 2}))}


def get_capabilities():
    return {"name": "named-tuples", "description": "Does what its name says.", "capabilities": ["sample.named-tuples"]}
