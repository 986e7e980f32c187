def execute(input):
    return b"bytes"
