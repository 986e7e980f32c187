"""Fits a line by least squares."""


def get_capabilities():
    return {
        "name": "linear-regression",
        "description": "Fits a line by least squares.",
        "capabilities": ["statistics.regression"],
        "utterances": ["fits a line by least squares"],
    }


def execute(input):
    xs, ys = input["xs"], input["ys"]
    n = len(xs)
    mean_x, mean_y = sum(xs) / n, sum(ys) / n
    covariance = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys))
    variance = sum((x - mean_x) ** 2 for x in xs)
    slope = covariance / variance
    σ_max = max(abs(y - mean_y) for y in ys)
    return {"slope": slope, "intercept": mean_y - slope * mean_x, "spread": σ_max}
