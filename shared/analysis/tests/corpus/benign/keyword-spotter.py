"""Flags words that a code reviewer should look at, such as exec and eval."""

# Words like __import__ or subprocess in a text are a reason to look, never a proof.
SUSPECT = ["eval", "exec", "os.system", "subprocess", "__import__", "pickle.loads", "rm -rf"]


def get_capabilities():
    return {
        "name": "keyword-spotter",
        "description": "Flags words that a code reviewer should look at, such as exec and eval.",
        "capabilities": ["security.words"],
        "utterances": ["flags words that a code reviewer should look at"],
    }


def execute(input):
    text = input["text"]
    hits = [{"word": word, "count": text.count(word)} for word in SUSPECT if word in text]
    return {"hits": hits, "verdict": "review" if hits else "clean"}
