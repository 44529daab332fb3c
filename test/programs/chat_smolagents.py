"""Two questions to a smolagents ToolCallingAgent, which writes the calls of earlier steps as text."""
import os

from smolagents import OpenAIServerModel, ToolCallingAgent, tool


@tool
def get_weather(city: str) -> str:
    """Tells the weather of a city.

    Args:
        city: The name of the city.
    """
    return f"Snow in {city}."


model = OpenAIServerModel(
    model_id=os.environ["PROXY_MODEL"], api_base=os.environ["PROXY_URL"], api_key="none"
)
agent = ToolCallingAgent(tools=[get_weather], model=model, verbosity_level=0)
agent.run("What is the weather in Oslo?")
agent.run("And in Rome?", reset=False)
