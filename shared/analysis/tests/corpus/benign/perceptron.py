def execute(input):
    weights = [0.0] * 3
    rate = 0.1
    epoch = 0
    while True:
        errors = 0
        for xs, label in input["data"]:
            guess = 1 if sum(w * x for w, x in zip(weights, xs)) > 0 else 0
            if guess != label:
                errors += 1
                weights = [w + rate * (label - guess) * x for w, x in zip(weights, xs)]
        epoch += 1
        if errors == 0 or epoch >= 100:
            break
    return {"weights": weights, "epochs": epoch}


def get_capabilities():
    return {"name": "perceptron", "description": "Does what its name says.", "capabilities": ["sample.perceptron"]}
