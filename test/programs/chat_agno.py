"""Two questions to an Agno agent with a tool and a history."""
import os

from agno.agent import Agent
from agno.db.in_memory import InMemoryDb
from agno.models.openai.like import OpenAILike


def get_weather(city: str) -> str:
    """Tells the weather of a city."""
    return f"Snow in {city}."


agent = Agent(
    model=OpenAILike(id=os.environ["PROXY_MODEL"], base_url=os.environ["PROXY_URL"], api_key="none"),
    tools=[get_weather],
    db=InMemoryDb(),
    session_id="a",
    add_history_to_context=True,
    telemetry=False,
)
agent.run("What is the weather in Oslo?")
agent.run("And in Rome?")
