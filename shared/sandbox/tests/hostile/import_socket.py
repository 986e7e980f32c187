def execute(input):
    import socket

    return socket.socket()
