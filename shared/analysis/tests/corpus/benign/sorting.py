def merge_sort(xs):
    if len(xs) <= 1:
        return xs
    mid = len(xs) // 2
    left, right = merge_sort(xs[:mid]), merge_sort(xs[mid:])
    out = []
    while left and right:
        out.append(left.pop(0) if left[0] <= right[0] else right.pop(0))
    return out + left + right


def quick_sort(xs):
    if not xs:
        return []
    p, *rest = xs
    return quick_sort([x for x in rest if x < p]) + [p] + quick_sort([x for x in rest if x >= p])


def execute(input):
    return merge_sort(input["xs"]) == quick_sort(input["xs"])


def get_capabilities():
    return {"name": "sorting", "description": "Does what its name says.", "capabilities": ["sample.sorting"]}
