"""Starts MiniStack; the one argument is the folder of the stack it serves, to know it by."""

import socketserver
import sys

from ministack import app
from ministack.services import cloudformation
from ministack.services.cloudformation import provisioners

# Without this, every call of a function waits 40 ms for a delayed acknowledgement.
socketserver.StreamRequestHandler.disable_nagle_algorithm = True

# The stack's policies refuse what does not come by TLS. It is served on loopback alone, over
# plain HTTP, so here that counts as safe.
pin_request_origin = app.pin_request_origin
app.pin_request_origin = lambda address, _secure: pin_request_origin(address, True)

# Updating a nested stack loses the attributes of every resource that stays as it was, and with
# them whatever refers to one.
update_resource = provisioners._update_resource


def update_with_attributes(kind, physical_id, old, new, stack, logical_id=None, attributes=None):
    if attributes is None:
        resources = cloudformation._stacks.get(stack, {}).get("_resources", {})
        attributes = resources.get(logical_id, {}).get("Attributes")
    return update_resource(kind, physical_id, old, new, stack, logical_id, attributes)


provisioners._update_resource = update_with_attributes

sys.argv = sys.argv[:1]
sys.exit(app.main())
