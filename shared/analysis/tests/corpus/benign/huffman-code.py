"""Builds a Huffman code."""


def get_capabilities():
    return {
        "name": "huffman-code",
        "description": "Builds a Huffman code.",
        "capabilities": ["data.huffman"],
        "utterances": ["builds a huffman code"],
    }


def execute(input):
    counts = {}
    for letter in input["text"]:
        counts[letter] = counts.get(letter, 0) + 1
    nodes = sorted([n, letter] for letter, n in counts.items())
    codes = dict.fromkeys(counts, "")
    while len(nodes) > 1:
        (n1, left), (n2, right) = nodes[0], nodes[1]
        for letter in left:
            codes[letter] = "0" + codes[letter]
        for letter in right:
            codes[letter] = "1" + codes[letter]
        nodes = sorted(nodes[2:] + [[n1 + n2, left + right]])
    return {"codes": codes}
