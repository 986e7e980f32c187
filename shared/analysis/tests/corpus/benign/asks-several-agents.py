import asyncio


def get_capabilities():
    return {
        "name": "second-opinions",
        "description": "Asks several agents the same and keeps the answer that most of them give.",
        "capabilities": ["opinion.second"],
        "tools": ["call_agent", "log"],
    }


async def ask(agent, question):
    try:
        return await call_agent(agent, question)
    except RuntimeError as error:
        log("no opinion", agent=agent, error=str(error))
        return None


async def ask_all(agents, question):
    return await asyncio.gather(*[ask(agent, question) for agent in agents])


def execute(input):
    opinions = asyncio.run(ask_all(input["agents"][:9], input["question"]))
    counts = {}
    for opinion in opinions:
        if opinion is not None:
            counts[str(opinion)] = counts.get(str(opinion), 0) + 1
    best = None
    for opinion, count in counts.items():
        if best is None or count > counts[best]:
            best = opinion
    return {"opinion": best, "asked": len(opinions)}
