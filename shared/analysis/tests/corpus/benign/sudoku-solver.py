"""Solves Sudoku by backtracking."""


def allowed(board, r, c, digit):
    for i in range(9):
        if digit in (board[r][i], board[i][c], board[r // 3 * 3 + i // 3][c // 3 * 3 + i % 3]):
            return False
    return True


def solve(board):
    for r in range(9):
        for c in range(9):
            if board[r][c] == ".":
                for digit in "123456789":
                    if allowed(board, r, c, digit):
                        board[r][c] = digit
                        if solve(board):
                            return True
                        board[r][c] = "."
                return False
    return True


def get_capabilities():
    return {
        "name": "sudoku-solver",
        "description": "Solves Sudoku by backtracking.",
        "capabilities": ["puzzles.sudoku"],
        "utterances": ["solves sudoku by backtracking"],
    }


def execute(input):
    board = [list(row) for row in input["rows"]]
    solved = solve(board)
    return {"solved": solved, "rows": ["".join(row) for row in board]}
