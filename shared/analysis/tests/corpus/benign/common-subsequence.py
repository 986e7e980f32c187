def lcs(a, b, i=None, j=None, memo=None):
    if memo is None:
        memo, i, j = {}, len(a), len(b)
    if i == 0 or j == 0:
        return ""
    if (i, j) not in memo:
        if a[i - 1] == b[j - 1]:
            memo[(i, j)] = lcs(a, b, i - 1, j - 1, memo) + a[i - 1]
        else:
            memo[(i, j)] = max(lcs(a, b, i - 1, j, memo), lcs(a, b, i, j - 1, memo), key=len)
    return memo[(i, j)]


def execute(input):
    return lcs(input["a"], input["b"])


def get_capabilities():
    return {"name": "common-subsequence", "description": "Does what its name says.", "capabilities": ["sample.common-subsequence"]}
