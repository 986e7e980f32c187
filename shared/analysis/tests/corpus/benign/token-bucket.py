"""Rate limiter simulation."""


class Bucket:
    def __init__(self, capacity, rate):
        self.capacity, self.rate = capacity, rate
        self.tokens, self.last = capacity, 0.0
    def allow(self, at):
        self.tokens = min(self.capacity, self.tokens + (at - self.last) * self.rate)
        self.last = at
        if self.tokens >= 1:
            self.tokens -= 1
            return True
        return False


def execute(input):
    bucket = Bucket(**input["bucket"])
    return [bucket.allow(t) for t in input["times"]]


def get_capabilities():
    return {"name": "token-bucket", "description": "Does what its name says.", "capabilities": ["sample.token-bucket"]}
