def execute(input):
    best = None
    for candidate in input["candidates"]:
        try:
            score = candidate["wins"] / candidate["games"]
        except ZeroDivisionError:
            score = 0.0
        except KeyError as missing:
            raise ValueError(f"candidate lacks {missing}") from None
        finally:
            candidate["seen"] = True
        if best is None or score > best[0]:
            best = (score, candidate["name"])
    return best


def get_capabilities():
    return {"name": "win-rates", "description": "Does what its name says.", "capabilities": ["sample.win-rates"]}
