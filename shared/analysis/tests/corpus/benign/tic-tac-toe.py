def execute(input):
    board = input["board"]
    lines = board + ["".join(c) for c in zip(*board)]
    lines += ["".join(board[i][i] for i in range(3)), "".join(board[i][2 - i] for i in range(3))]
    for p in "XO":
        if p * 3 in lines:
            return {"winner": p}
    return {"winner": None}


def minimax(board, player):
    winner = execute({"board": board})["winner"]
    if winner or not any("." in r for r in board):
        return {"X": 1, "O": -1, None: 0}[winner]
    scores = []
    for r in range(3):
        for c in range(3):
            if board[r][c] == ".":
                nxt = [row if i != r else row[:c] + player + row[c + 1:] for i, row in enumerate(board)]
                scores.append(minimax(nxt, "O" if player == "X" else "X"))
    return max(scores) if player == "X" else min(scores)


def get_capabilities():
    return {"name": "tic-tac-toe", "description": "Does what its name says.", "capabilities": ["sample.tic-tac-toe"]}
