def execute(input):
    return [getattr(log, name, None) is None for name in ("__closure__", "__code__", "__globals__")]
