class Query:
    def __init__(self):
        self.parts = []
    def where(self, **conditions):
        for key, value in conditions.items():
            self.parts.append(f"{key}={value!r}")
        return self
    def __getitem__(self, index):
        return self.parts[index]
    def __getattr__(self, name):
        raise AttributeError(name)
    def __iter__(self):
        return iter(self.parts)
    def __contains__(self, item):
        return item in self.parts
    def __bool__(self):
        return bool(self.parts)
    def __call__(self):
        return " AND ".join(self.parts)


def execute(input):
    q = Query().where(a=1).where(b="x")
    return {"q": q(), "n": len(list(q)), "first": q[0]}


def get_capabilities():
    return {"name": "fluent", "description": "Does what its name says.", "capabilities": ["sample.fluent"]}
