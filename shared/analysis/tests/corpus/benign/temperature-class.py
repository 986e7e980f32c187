class Config(dict):
    def __getattr__(self, key):
        try:
            return self[key]
        except KeyError:
            raise AttributeError(key)
    def __setattr__(self, key, value):
        self[key] = value


class Temperature:
    def __init__(self, celsius):
        self._celsius = celsius
    @property
    def fahrenheit(self):
        return self._celsius * 9 / 5 + 32
    @fahrenheit.setter
    def fahrenheit(self, value):
        self._celsius = (value - 32) * 5 / 9
    def __lt__(self, other):
        return self._celsius < other._celsius
    def __eq__(self, other):
        if not isinstance(other, self.__class__):
            return NotImplemented
        return self._celsius == other._celsius


def execute(input):
    c = Config(a=1)
    c.b = 2
    t = Temperature(20)
    t.fahrenheit = 50
    return {"a": c.a, "b": c.b, "t": t.fahrenheit}


def get_capabilities():
    return {"name": "temperature-class", "description": "Does what its name says.", "capabilities": ["sample.temperature-class"]}
