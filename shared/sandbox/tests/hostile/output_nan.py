def execute(input):
    return {"ratio": float("nan")}
