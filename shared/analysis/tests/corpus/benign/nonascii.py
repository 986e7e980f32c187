"""Génère des salutations – приветствия, Grüße, 挨拶."""
GREETINGS = {"fr": "Bonjour à tous !", "de": "Grüß Gott", "ja": "こんにちは", "ru": "Здравствуйте", "ar": "مرحبا", "he": "שלום", "fa": "می‌خواهم", "emoji": "👨‍👩‍👧‍👦 🇩🇪 ❤️"}


def execute(input):
    größe = len(GREETINGS)
    naïve = GREETINGS.get(input.get("lang"), "Hello")
    π = 3.14159
    return {"text": naïve, "n": größe, "pi": π}


def get_capabilities():
    return {"name": "nonascii", "description": "Does what its name says.", "capabilities": ["sample.nonascii"]}
