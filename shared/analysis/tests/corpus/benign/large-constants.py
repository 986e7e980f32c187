"""Looks up physical constants, some of them large."""

CONSTANTS = {
    "avogadro": 602_214_076_000_000_000_000_000,
    "light": 299_792_458,
    "planck": 6.626_070_15e-34,
    "earth_mass": 5.972e24,
    "age_of_universe_s": 436_117_076_900_000_000,
    "mask": 0xFFFF_FFFF_FFFF_FFFF,
    "kibi": 1 << 10, "mebi": 1 << 20, "exbi": 1 << 60,
}


def get_capabilities():
    return {
        "name": "large-constants",
        "description": "Looks up physical constants, some of them large.",
        "capabilities": ["science.constants"],
        "utterances": ["looks up physical constants"],
    }


def execute(input):
    return {"name": input["name"], "value": str(CONSTANTS.get(input["name"]))}
