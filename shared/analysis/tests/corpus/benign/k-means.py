"""Clusters points by k-means, starting from the first points."""


def nearest(point, centres):
    distances = [sum((a - b) ** 2 for a, b in zip(point, centre)) for centre in centres]
    return distances.index(min(distances))


def get_capabilities():
    return {
        "name": "k-means",
        "description": "Clusters points by k-means, starting from the first points.",
        "capabilities": ["statistics.clusters"],
        "utterances": ["clusters points by k-means"],
    }


def execute(input):
    points, k = input["points"], input["k"]
    centres = [list(map(float, point)) for point in points[:k]]
    for _ in range(100):
        groups = [[] for _ in range(k)]
        for point in points:
            groups[nearest(point, centres)].append(point)
        moved = [[sum(axis) / len(group) for axis in zip(*group)] if group else centre
                 for group, centre in zip(groups, centres)]
        if moved == centres:
            break
        centres = moved
    return {"centres": centres, "sizes": [len(group) for group in groups]}
